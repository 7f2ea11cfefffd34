import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/errors.ts';
import { logTo } from '../../../src/log.ts';
import { askPathMtu, PathMtu, type PathEnd, type PathMtuOptions } from '../../../src/ports/overlay/path-mtu.ts';
import { maxFrame } from '../../../src/ports/pure/port.ts';
import { decodeEthernet } from '../../../src/wire/ethernet.ts';
import { decodeIcmpUnreachable } from '../../../src/wire/icmp.ts';
import { decodeIpv4 } from '../../../src/wire/ipv4.ts';
import { ManualClock } from '../../manual-clock.ts';
import { capturedFrame } from '../../wire/fixture.ts';

/** A packet of 1,428 octets that must not be fragmented. */
const long = capturedFrame('wire/router.pcap', 1);

class Stage {
  readonly clock = new ManualClock();
  readonly logged: string[] = [];
  readonly asked: string[] = [];
  readonly paths = new Map<string, number | undefined>();
  readonly ends: PathEnd[];
  readonly path: PathMtu;

  constructor(paths: Readonly<Record<string, number | undefined>>, options: Partial<PathMtuOptions> = {}) {
    this.ends = Object.keys(paths).map((address) => ({ address, longest: maxFrame }));
    this.paths = new Map(Object.entries(paths));
    const ask = (address: string): number => {
      this.asked.push(address);
      const mtu = this.paths.get(address);
      if (mtu === undefined) throw new SystemError('ENETUNREACH', 'no route');
      return mtu;
    };
    const log = logTo((message, _fields, level) => void this.logged.push(level === 'warn' ? `warn: ${message}` : message));
    this.path = new PathMtu({ name: 'vxlan b', overhead: 16, ends: () => this.ends, ask, ...options }, { clock: this.clock, log });
  }

  get first(): PathEnd {
    const [first] = this.ends;
    if (!first) throw new Error('no end');
    return first;
  }
}

describe('the MTU of a port', () => {
  it.each([
    ['VXLAN over IPv4', '192.0.2.1', 16, 1450],
    ['VXLAN over IPv6', '2001:db8::1', 16, 1430],
    ['GRE over IPv4', '192.0.2.1', 4, 1462],
    ['GRE with a key over IPv4', '192.0.2.1', 8, 1458],
    ['GRE with a key over IPv6', '2001:db8::1', 8, 1438],
    ['EtherIP over IPv4', '192.0.2.1', 2, 1464],
    ['EtherIP over IPv6', '2001:db8::1', 2, 1444],
    ['UDP over IPv4', '192.0.2.1', 8, 1458],
  ])('is what %s leaves of 1,500 octets', (_, address, overhead, mtu) => {
    const { path, ends, logged } = new Stage({ [address]: 1500 }, { overhead });
    expect(path.mtu).toBe(mtu);
    expect(ends).toEqual([{ address, longest: mtu + 14 }]);
    expect(logged).toEqual([`vxlan b: its path carries packets of up to ${mtu} octets`]);
  });

  it('is the least of its paths, and none where all carry the longest frame', () => {
    expect(new Stage({ '192.0.2.1': 1500, '192.0.2.2': 1400, '192.0.2.3': 9000 }).path.mtu).toBe(1350);
    const wide = new Stage({ '127.0.0.1': 65_536 });
    expect(wide.path.mtu).toBeUndefined();
    expect(wide.first.longest).toBe(maxFrame);
    expect(wide.logged).toEqual([]);
  });

  it('stays what it was while there is no route', () => {
    const stage = new Stage({ '192.0.2.1': undefined });
    expect(stage.path.mtu).toBeUndefined();
    stage.paths.set('192.0.2.1', 1500);
    stage.clock.advance(60_000);
    stage.paths.set('192.0.2.1', undefined);
    stage.clock.advance(60_000);
    expect(stage.path.mtu).toBe(1450);
  });

  it('is asked for each minute until the end, and logged when it changes', () => {
    const stage = new Stage({ '192.0.2.1': 1500 });
    stage.clock.advance(60_000);
    stage.paths.set('192.0.2.1', 1400);
    stage.clock.advance(120_000);
    expect(stage.path.mtu).toBe(1350);
    stage.paths.set('192.0.2.1', 65_536);
    stage.clock.advance(60_000);
    expect(stage.logged).toEqual([
      'vxlan b: its path carries packets of up to 1450 octets',
      'vxlan b: its path carries packets of up to 1350 octets',
      'vxlan b: its path carries packets of any length again',
    ]);
    expect(stage.asked).toHaveLength(5);
    stage.path[Symbol.dispose]();
    expect(stage.clock.timers).toBe(0);
  });
});

describe('a frame that is too long', () => {
  it('lets the path be asked for when the kernel knew it first, and is warned of once a minute', () => {
    const stage = new Stage({ '192.0.2.1': 1500 });
    stage.paths.set('192.0.2.1', 1400);
    for (let i = 0; i < 5; i++) stage.path.refuse(stage.first, long);
    expect(stage.asked).toHaveLength(2);
    expect(stage.path.mtu).toBe(1350);
    const text =
      'warn: vxlan b: a frame of 1442 octets is dropped: it is too long for the path to 192.0.2.1, which carries 1364; set the MTU of the guests to 1350, or let the DHCP server of the switch tell them';
    expect(stage.logged.filter((line) => line.startsWith('warn'))).toEqual([text]);
    stage.clock.advance(60_000);
    expect(stage.logged.at(-1)).toBe(`${text} (4 more in the last 60 s)`);
  });

  it('is no reason to ask more than once a second where the kernel says two things', () => {
    const stage = new Stage({ '192.0.2.1': 1500 });
    for (let i = 0; i < 5; i++) stage.path.refuse(stage.first, long);
    expect(stage.asked).toHaveLength(2);
    stage.clock.advance(1_000);
    stage.path.refuse(stage.first, long);
    expect(stage.asked).toHaveLength(3);
    expect(stage.logged.at(-1)).toContain('too long for the path to 192.0.2.1; use a smaller MTU in the guests');
  });

  it('is answered where that is wanted, with the MTU that fits, a hundred times a second', () => {
    const stage = new Stage({ '192.0.2.1': 1400 }, { answers: true });
    const answer = stage.path.refuse(stage.first, long);
    const packet = answer && decodeIpv4(decodeEthernet(answer)?.payload ?? answer);
    expect(packet && decodeIcmpUnreachable(packet.payload)).toMatchObject({ code: 4, mtu: 1350, length: 1428 });
    // It is no packet of IP.
    for (let i = 0; i < 200; i++) expect(stage.path.refuse(stage.first, new Uint8Array(1500))).toBeUndefined();
    const answers = (): number => Array.from({ length: 200 }, () => stage.path.refuse(stage.first, long)).filter(Boolean).length;
    expect(answers()).toBe(99);
    stage.clock.advance(500);
    expect(answers()).toBe(50);
    expect(new Stage({ '192.0.2.1': 1400 }).path.refuse(stage.first, long)).toBeUndefined();
  });
});

describe('the kernel', () => {
  it.each(['127.0.0.1', '::1'])('says what the path to %s carries', (address) => {
    expect(askPathMtu(address)).toBeGreaterThan(9_000);
    expect(askPathMtu(address, address)).toBe(askPathMtu(address));
  });

  it('says nothing of a path from an address that is not ours', () => {
    expect(() => askPathMtu('127.0.0.1', '192.0.2.1')).toThrow(SystemError);
  });
});
