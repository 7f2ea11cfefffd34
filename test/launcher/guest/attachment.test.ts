import { describe, expect, it } from 'vitest';
import {
  carriesMtu,
  chooseAttachment,
  describeAttachment,
  isAttachmentKind,
  streamRedial,
} from '../../../src/launcher/guest/attachment.ts';
import type { Qemu } from '../../../src/launcher/guest/qemu.ts';

function qemu(version: string, ...netdevs: string[]): Qemu {
  return { program: 'qemu', version, netdevs: new Set(netdevs) };
}

const all = ['stream', 'dgram', 'vde'];

describe('the way to plug in a card', () => {
  it('is a stream where QEMU dials again, else datagrams, else VDE', () => {
    expect(chooseAttachment(qemu('8.0.0', ...all), 1500)).toBe('stream');
    expect(chooseAttachment(qemu('7.2.22', ...all), 1500)).toBe('dgram');
    expect(chooseAttachment(qemu('7.1.0', 'vde'), 1500)).toBe('vde');
    expect(chooseAttachment(qemu('9.0.0', 'vde', 'dgram'), 1500)).toBe('dgram');
  });

  it('is the one that was wished', () => {
    for (const wish of ['stream', 'stream-server', 'dgram', 'vde'] as const) {
      expect(chooseAttachment(qemu('10.0.2', ...all), 1500, wish)).toBe(wish);
    }
  });

  it('is one that the MTU of the segment goes through', () => {
    expect(chooseAttachment(qemu('7.2.22', ...all), 9216)).toBe('dgram');
    expect(chooseAttachment(qemu('7.2.22', ...all), 9217)).toBe('stream-server');
    expect(chooseAttachment(qemu('10.0.2', ...all), 65_521)).toBe('stream');
    expect(() => chooseAttachment(qemu('7.2.22', 'dgram'), 9217)).toThrow('a guest attached by dgram has an MTU of 9216 at most');
    expect(() => chooseAttachment(qemu('10.0.2', ...all), 65_521, 'vde')).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect([carriesMtu('vde', 9216), carriesMtu('vde', 9217)]).toEqual([true, false]);
  });

  it('is said to be missing, with what it takes', () => {
    const refused = 'qemu 7.2.22 cannot attach a guest by stream, which needs QEMU 8.0 or later';
    expect(() => chooseAttachment(qemu('7.2.22', ...all), 1500, 'stream')).toThrow(refused);
    expect(() => chooseAttachment(qemu('7.1.0', 'vde'), 1500, 'dgram')).toThrow('by dgram, which needs QEMU 7.2 or later');
    expect(() => chooseAttachment(qemu('9.0.0'), 1500)).toThrow('by vde, which needs a QEMU that was built with it');
  });

  it('is told of in words', () => {
    expect(describeAttachment('stream')).toBe('-netdev stream: QEMU reconnects when the switch comes back');
    expect(describeAttachment('stream-server')).toContain('-netdev stream: QEMU is blocked');
    expect([isAttachmentKind('dgram'), isAttachmentKind('user'), isAttachmentKind(undefined)]).toEqual([true, false, false]);
  });
});

describe('dialling again', () => {
  it.each([
    ['7.2.22', undefined],
    ['8.0.0', 'reconnect=1'],
    ['9.1.3', 'reconnect=1'],
    ['9.2.0', 'reconnect-ms=200'],
    ['10.0.2', 'reconnect-ms=200'],
    ['unknown', undefined],
  ])('is told to QEMU %s by %s', (version, option) => {
    expect(streamRedial(version)).toBe(option);
  });
});
