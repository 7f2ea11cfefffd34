import { describe, expect, it } from 'vitest';
import { NeighbourCache } from '../../src/host/neighbour-cache.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

const mac = macFromNumber(0x0200_0000_0007);
const otherMac = macFromNumber(0x0200_0000_0008);
const packet = (n: number): Uint8Array => Uint8Array.of(n);

/** Returns a cache of neighbours that are named by text. */
function cache(): {
  clock: ManualClock;
  /** The questions: the time in seconds, and the address. */
  asked: string[];
  sent: (readonly [MacAddress, number])[];
  neighbours: NeighbourCache<string>;
  stateOf: (address: string) => string | undefined;
} {
  const clock = new ManualClock();
  const begin = clock.monotonic();
  const asked: string[] = [];
  const sent: (readonly [MacAddress, number])[] = [];
  const neighbours = new NeighbourCache<string>({
    clock,
    solicit: (address, to) => asked.push(`${(clock.monotonic() - begin) / 1000} ${address} ${to === undefined ? 'all' : 'itself'}`),
    send: (to, octets) => sent.push([to, octets[0] ?? 0]),
  });
  const stateOf = (address: string): string | undefined => neighbours.entries.find((entry) => entry.address === address)?.state;
  return { clock, asked, sent, neighbours, stateOf };
}

const answer = { mac, solicited: true, override: true };

describe('an IPv6 neighbour', () => {
  it('is asked for three times, a second apart; then what was to go there is dropped', () => {
    const { clock, asked, sent, neighbours, stateOf } = cache();
    neighbours.send('a', packet(1));
    expect(stateOf('a')).toBe('INCOMPLETE');
    clock.advanceSeconds(10);
    expect(asked).toEqual(['0 a all', '1 a all', '2 a all']);
    neighbours.advertise('a', answer);
    expect([sent, neighbours.entries, clock.timers]).toEqual([[], [], 0]);
  });

  it('that answers is REACHABLE for 30 seconds, and gets the last eight packets that waited', () => {
    const { clock, sent, neighbours, stateOf } = cache();
    for (let n = 1; n <= 10; n++) neighbours.send('a', packet(n));
    neighbours.advertise('a', answer);
    expect(sent).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((n) => [mac, n]));
    clock.advanceSeconds(30);
    expect(stateOf('a')).toBe('REACHABLE');
    clock.advanceSeconds(0.001);
    expect([stateOf('a'), clock.timers]).toEqual(['STALE', 0]);
  });

  it('that is STALE is used, asked itself five seconds later, and forgotten when it does not answer', () => {
    const { clock, asked, sent, neighbours, stateOf } = cache();
    neighbours.hear('a', mac);
    expect(stateOf('a')).toBe('STALE');
    neighbours.send('a', packet(1));
    expect([stateOf('a'), sent]).toEqual(['DELAY', [[mac, 1]]]);
    clock.advanceSeconds(5);
    expect(stateOf('a')).toBe('PROBE');
    clock.advanceSeconds(10);
    expect(asked).toEqual(['5 a itself', '6 a itself', '7 a itself']);
    expect([neighbours.entries, clock.timers]).toEqual([[], 0]);
  });

  it('that gives a sign of hearing us meanwhile is not asked', () => {
    const { clock, asked, neighbours, stateOf } = cache();
    neighbours.hear('a', mac);
    neighbours.send('a', packet(1));
    neighbours.confirm('a');
    clock.advanceSeconds(10);
    expect([asked, stateOf('a')]).toEqual([[], 'REACHABLE']);
  });

  it('that answers the probe is REACHABLE again, and asked again when it is used after that', () => {
    const { clock, asked, neighbours, stateOf } = cache();
    neighbours.hear('a', mac);
    neighbours.send('a', packet(1));
    clock.advanceSeconds(5);
    neighbours.advertise('a', { ...answer, mac: undefined });
    expect([stateOf('a'), clock.timers]).toEqual(['REACHABLE', 0]);
    clock.advanceSeconds(31);
    neighbours.send('a', packet(2));
    clock.advanceSeconds(5);
    expect(asked).toEqual(['5 a itself', '41 a itself']);
  });

  it('changes its MAC address by an override, and is doubted without one', () => {
    const { neighbours, stateOf } = cache();
    neighbours.send('a', packet(1));
    neighbours.advertise('a', answer);
    neighbours.advertise('a', { mac: otherMac, solicited: true, override: false });
    expect([neighbours.macOf('a'), stateOf('a')]).toEqual([mac, 'STALE']);
    neighbours.advertise('a', { mac: otherMac, solicited: false, override: true });
    expect([neighbours.macOf('a'), stateOf('a')]).toEqual([otherMac, 'STALE']);
    neighbours.advertise('a', { mac, solicited: true, override: true });
    expect([neighbours.macOf('a'), stateOf('a')]).toEqual([mac, 'REACHABLE']);
    neighbours.advertise('a', { mac, solicited: false, override: true });
    expect(stateOf('a')).toBe('REACHABLE');
  });

  it('is a station, not a group, and nobody who was not asked for', () => {
    const { neighbours } = cache();
    neighbours.hear('a', broadcastMac);
    neighbours.advertise('b', answer);
    neighbours.send('c', packet(1));
    neighbours.advertise('c', { ...answer, mac: broadcastMac });
    expect(neighbours.entries).toEqual([{ address: 'c', mac: undefined, state: 'INCOMPLETE' }]);
  });
});

describe('a cache of IPv6 neighbours', () => {
  it('holds 1,024, of whom those go first that came first, and asks for 64 at once', () => {
    const { clock, asked, neighbours } = cache();
    for (let n = 0; n <= 1024; n++) neighbours.hear(`${n}`, mac);
    expect([neighbours.entries.length, neighbours.macOf('0'), neighbours.macOf('1')]).toEqual([1024, undefined, mac]);
    for (let n = 0; n < 100; n++) neighbours.send(`new ${n}`, packet(n));
    expect([asked.length, clock.timers, neighbours.entries.length]).toEqual([64, 64, 1024]);
    neighbours.clear();
    expect([clock.timers, neighbours.entries.length]).toEqual([0, 0]);
    for (let n = 0; n < 100; n++) neighbours.send(`new ${n}`, packet(n));
    expect(clock.timers).toBe(64);
  });
});
