import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PortWish } from '../../src/ports/pure/port.ts';
import {
  decodeVdeReply,
  decodeVdeRequest,
  encodeVdeReply,
  encodeVdeRequest,
  mayBecomeVdeRequest,
} from '../../src/ports/vde/vde-control.ts';

function recorded(name: string): Uint8Array {
  const hex = readFileSync(new URL(`../../fixtures/vde/${name}.hex`, import.meta.url), 'utf8').replace(/\s/g, '');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

const clients: readonly { name: string; wish: PortWish; description: RegExp }[] = [
  { name: 'vde_plug-any', wish: 'any', description: /^vdeplug: user=root pid=\d+$/ },
  { name: 'vde_plug-port-5', wish: 5, description: /^vdeplug: user=root pid=\d+$/ },
  { name: 'vde_plug-port-0', wish: 'management', description: /^vdeplug: user=root pid=\d+$/ },
  { name: 'vde_plug-ssh', wish: 'any', description: /^vdeplug: user=root pid=\d+ SSH=192\.0\.2\.1$/ },
  { name: 'vde_plug2tap', wish: 'any', description: /^vde_plug2tap: user=root pid=\d+$/ },
  { name: 'qemu', wish: 'any', description: /^QEMU user=root pid=\d+$/ },
];

/** Returns the request of the original's clients of before 2005. */
function version1(type: number, path: string, description: string): Buffer {
  const octets = Buffer.alloc(124);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeInt32LE(type, 4);
  octets.set([2, 0, 0, 0, 0, 1], 8);
  octets.writeUInt16LE(1, 14);
  octets.write(path, 16);
  return Buffer.concat([octets, Buffer.from(description)]);
}

function version3({ version = 3, type = 0, family = 1 }: { version?: number; type?: number; family?: number }): Buffer {
  const octets = Buffer.from(encodeVdeRequest({ wish: 'any', path: '/s/.1-0', description: 'x' }));
  octets.writeUInt32LE(version, 4);
  octets.writeUInt32LE(type, 8);
  octets.writeUInt16LE(family, 12);
  return octets;
}

const path = fc.stringMatching(/^\/[a-z0-9/._-]{0,106}$/);
const description = fc.stringMatching(/^[ -~]{0,127}$/);
const wish: fc.Arbitrary<PortWish> = fc.oneof(
  fc.constant('any' as const),
  fc.constant('management' as const),
  fc.integer({ min: 1, max: 2 ** 23 - 1 }),
);

describe('a request', () => {
  it.each(clients)('of $name is decoded field by field', ({ name, wish, description }) => {
    const request = decodeVdeRequest(recorded(`${name}-request`));
    expect(request).toEqual({
      wish,
      path: expect.stringMatching(/^\/tmp\/record\.\w{6}\/ctl-dir\/\.\d{5}-00000$/) as string,
      description: expect.stringMatching(description) as string,
    });
  });

  it.each(clients)('is encoded to exactly what $name sends', ({ name }) => {
    const octets = recorded(`${name}-request`);
    const request = decodeVdeRequest(octets);
    expect(request && Buffer.from(encodeVdeRequest(request)).toString('hex')).toBe(Buffer.from(octets).toString('hex'));
  });

  it('is what was encoded, for random values', () => {
    fc.assert(
      fc.property(wish, path, description, (wish, path, description) => {
        const request = { wish, path, description };
        expect(decodeVdeRequest(encodeVdeRequest(request))).toEqual(request);
      }),
    );
  });

  it('never throws on random octets, with or without a good beginning', () => {
    const beginning = fc.constantFrom('', 'cefaedfe', 'cefaedfe03000000', 'cefaedfe00000000', 'cefaedfe01000000');
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 300, size: 'max' }), (hex, rest) => {
        const octets = Buffer.concat([Buffer.from(hex, 'hex'), rest]);
        mayBecomeVdeRequest(octets);
        const request = decodeVdeRequest(octets);
        if (request) expect(request.description).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it('of version 1 is decoded', () => {
    expect(decodeVdeRequest(version1(0, '/tmp/sw/.00017-00000', 'old'))).toEqual({
      wish: 'any',
      path: '/tmp/sw/.00017-00000',
      description: 'old',
    });
    expect(decodeVdeRequest(version1(1, '/s', ''))).toMatchObject({ wish: 'management', description: '' });
    expect(decodeVdeRequest(version1(0, '/s', '').subarray(0, 123))).toBeUndefined();
  });

  it.each([
    ['a negative port', { type: 0xffffff00 }, 'management'],
    ['the lowest negative port', { type: 0x80000000 }, 'management'],
    ['the management port by type, whatever its number', { type: 0x00000701 }, 'management'],
    ['the largest port', { type: 0x7fffff00 }, 0x7fffff],
  ])('for %s is understood as the original does', (_what, fields, wish) => {
    expect(decodeVdeRequest(version3(fields))?.wish).toBe(wish);
  });

  it.each([
    ['version 2', { version: 2 }],
    ['version 4', { version: 4 }],
    ['version 2^32 - 1', { version: 0xffffffff }],
    ['type 2', { type: 2 }],
    ['type 255', { type: 0x05ff }],
    ['another address family', { family: 2 }],
  ])('of %s is none', (_what, fields) => {
    expect(decodeVdeRequest(version3(fields))).toBeUndefined();
  });

  it('is none when it is shorter than its fields, however good its beginning', () => {
    const whole = encodeVdeRequest({ wish: 'any', path: '/s/.1-0', description: '' });
    for (let length = 0; length < whole.length; length++) {
      const part = whole.subarray(0, length);
      expect(decodeVdeRequest(part)).toBeUndefined();
      expect(mayBecomeVdeRequest(part)).toBe(true);
    }
    expect(mayBecomeVdeRequest(whole)).toBe(false);
    expect(mayBecomeVdeRequest(new Uint8Array([1, 2, 3, 4]))).toBe(false);
    // One of version 1 is two octets longer.
    const old = version1(0, '/s/.1-0', '');
    expect(mayBecomeVdeRequest(old.subarray(0, 122))).toBe(true);
    expect(mayBecomeVdeRequest(old)).toBe(false);
  });

  it('with a path of 108 octets that no NUL ends is taken whole, and so is an abstract name', () => {
    const octets = version3({});
    octets.fill('a', 14, 122);
    expect(decodeVdeRequest(octets)?.path).toBe('a'.repeat(108));
    octets[14] = 0;
    expect(decodeVdeRequest(octets)).toMatchObject({ path: '', abstractName: octets.subarray(14, 122) });
    octets.fill(0, 14, 122);
    expect(decodeVdeRequest(octets)).toMatchObject({ path: '', abstractName: undefined });
  });

  it('describes itself in printable letters only, up to a NUL', () => {
    const octets = Buffer.concat([version3({}).subarray(0, 122), Buffer.from('a\n.\r\x1b[2J\xff1000 Success\0hidden', 'latin1')]);
    expect(decodeVdeRequest(octets)?.description).toBe('a?.??[2J?1000 Success');
  });
});

describe('a reply', () => {
  it.each(clients)('to $name is decoded', ({ name, wish }) => {
    const number = wish === 'any' ? '001' : wish === 'management' ? '000' : '005';
    expect(decodeVdeReply(recorded(`${name}-reply`))).toMatch(new RegExp(`^/tmp/record\\.\\w{6}/switch/${number}\\.\\d+$`));
  });

  it('is encoded to exactly what vde_switch says', () => {
    const octets = recorded('vde_plug-any-reply');
    expect(Buffer.from(encodeVdeReply(decodeVdeReply(octets) ?? '')).toString('hex')).toBe(Buffer.from(octets).toString('hex'));
  });

  it('is what was encoded, for random paths', () => {
    fc.assert(
      fc.property(path, (path) => {
        expect(decodeVdeReply(encodeVdeReply(path))).toBe(path);
      }),
    );
  });

  it('of any other size, or family, is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        const decoded = decodeVdeReply(octets);
        if (octets.length !== 110 || octets[0] !== 1 || octets[1] !== 0) expect(decoded).toBeUndefined();
      }),
    );
    expect(decodeVdeReply(encodeVdeReply('/s').subarray(0, 109))).toBeUndefined();
  });
});
