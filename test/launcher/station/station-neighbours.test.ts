import { describe, expect, it } from 'vitest';
import { Neighbours } from '../../../src/launcher/station/station-neighbours.ts';
import { ipv4FromNumber } from '../../../src/wire/ipv4.ts';
import { macFromNumber, type MacAddress } from '../../../src/wire/mac.ts';
import { ManualClock } from '../../manual-clock.ts';

const address = ipv4FromNumber(0x0a4d_0007);
const mac = macFromNumber(0x0200_0000_0007);
const packet = (n: number): Uint8Array => Uint8Array.of(n);

function table(): { clock: ManualClock; asked: number[]; sent: (readonly [MacAddress, number])[]; neighbours: Neighbours } {
  const clock = new ManualClock();
  const asked: number[] = [];
  const sent: (readonly [MacAddress, number])[] = [];
  const begin = clock.monotonic();
  const neighbours = new Neighbours({
    clock,
    ask: () => asked.push(clock.monotonic() - begin),
    send: (to, octets) => sent.push([to, octets[0] ?? 0]),
  });
  return { clock, asked, sent, neighbours };
}

describe('the neighbours of a station', () => {
  it('are asked for three times, a second apart; then what was to go there is dropped', () => {
    const { clock, asked, sent, neighbours } = table();
    neighbours.send(address, packet(1));
    clock.advanceSeconds(10);
    neighbours.learn(address, mac, true);
    expect(asked).toEqual([0, 1000, 2000]);
    expect(sent).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('get the last packet that waits for them, as soon as they are known', () => {
    const { clock, asked, sent, neighbours } = table();
    neighbours.send(address, packet(1));
    neighbours.send(address, packet(2));
    neighbours.learn(address, mac, true);
    neighbours.send(address, packet(3));
    clock.advanceSeconds(10);
    expect(sent).toEqual([
      [mac, 2],
      [mac, 3],
    ]);
    expect(asked).toEqual([0]);
  });

  it('are added by what is meant for us only, and changed by what anybody hears', () => {
    const { neighbours } = table();
    neighbours.learn(address, mac, false);
    expect(neighbours.macOf(address)).toBeUndefined();
    neighbours.learn(address, mac, true);
    const other = macFromNumber(0x0200_0000_0008);
    neighbours.learn(address, other, false);
    expect(neighbours.macOf(address)).toBe(other);
  });

  it('are asked for again after a minute', () => {
    const { clock, asked, neighbours } = table();
    neighbours.learn(address, mac, true);
    clock.advanceSeconds(60);
    neighbours.send(address, packet(1));
    expect(asked).toEqual([]);
    clock.advanceSeconds(0.001);
    neighbours.send(address, packet(2));
    expect(asked).toHaveLength(1);
    neighbours[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });

  it('are 1,024 at most, the oldest of them goes; and no more than 64 are asked for at once', () => {
    const { asked, neighbours } = table();
    for (let n = 0; n <= 1024; n++) neighbours.learn(ipv4FromNumber(n + 1), mac, true);
    expect(neighbours.macOf(ipv4FromNumber(1))).toBeUndefined();
    expect(neighbours.macOf(ipv4FromNumber(2))).toBe(mac);
    for (let n = 0; n < 100; n++) neighbours.send(ipv4FromNumber(5000 + n), packet(n));
    expect(asked).toHaveLength(64);
    neighbours.clear();
  });
});
