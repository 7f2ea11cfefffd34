import { describe, expect, it } from 'vitest';
import { ArpTable } from '../../src/host/arp-table.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

const address = ipv4FromNumber(0x0a4d_0007);
const mac = macFromNumber(0x0200_0000_0007);
const packet = (n: number): Uint8Array => Uint8Array.of(n);

function table(): { clock: ManualClock; asked: number[]; sent: (readonly [MacAddress, number])[]; neighbours: ArpTable } {
  const clock = new ManualClock();
  const asked: number[] = [];
  const sent: (readonly [MacAddress, number])[] = [];
  const begin = clock.monotonic();
  const neighbours = new ArpTable({
    clock,
    ask: () => asked.push(clock.monotonic() - begin),
    send: (to, octets) => sent.push([to, octets[0] ?? 0]),
  });
  return { clock, asked, sent, neighbours };
}

/** Fourteen octets with a source. */
function said(source: MacAddress): Uint8Array {
  return encodeEthernet({ destination: broadcastMac, source, etherType: 0, payload: new Uint8Array(0) });
}

describe('the neighbours of a host', () => {
  it('are asked for three times, a second apart; then what was to go there is dropped', () => {
    const { clock, asked, sent, neighbours } = table();
    neighbours.send(address, packet(1));
    clock.advanceSeconds(10);
    neighbours.learn(address, mac);
    expect(asked).toEqual([0, 1000, 2000]);
    expect(sent).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('get the last eight packets that wait for them, as soon as they are known', () => {
    const { clock, asked, sent, neighbours } = table();
    for (let n = 1; n <= 10; n++) neighbours.send(address, packet(n));
    neighbours.learn(address, mac);
    neighbours.send(address, packet(11));
    clock.advanceSeconds(10);
    expect(sent).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => [mac, n]));
    expect(asked).toEqual([0]);
  });

  it('are not added by what they say to others, but changed, and kept', () => {
    const { clock, neighbours, sent } = table();
    neighbours.refresh(address, said(mac), 6);
    expect(neighbours.entries).toEqual([]);
    neighbours.learn(address, mac);
    const other = macFromNumber(0x0200_0000_0008);
    clock.advanceSeconds(50);
    neighbours.refresh(address, said(other), 6);
    clock.advanceSeconds(50);
    expect(neighbours.entries).toEqual([{ address, mac: other, age: 50_000 }]);
    clock.advanceSeconds(11);
    neighbours.send(address, packet(1));
    neighbours.refresh(address, said(mac), 6);
    expect(sent).toEqual([[mac, 1]]);
  });

  it('are known by what they say to others while they are asked for', () => {
    const { neighbours, sent } = table();
    neighbours.send(address, packet(1));
    neighbours.refresh(address, said(broadcastMac), 6);
    expect(sent).toEqual([]);
    neighbours.refresh(address, said(mac), 6);
    expect(sent).toEqual([[mac, 1]]);
    expect(neighbours.macOf(address)).toBe(mac);
  });

  it('are asked for three times from the last packet on that waits for them, once a second', () => {
    const { clock, asked, neighbours } = table();
    neighbours.send(address, packet(1));
    clock.advanceSeconds(2.5);
    neighbours.send(address, packet(2));
    clock.advanceSeconds(10);
    expect(asked.length).toBe(6);
    expect(clock.timers).toBe(0);
  });

  it('are stations, not groups of them', () => {
    const { neighbours } = table();
    neighbours.learn(address, broadcastMac);
    expect(neighbours.entries).toEqual([]);
    neighbours.learn(address, mac);
    neighbours.refresh(address, said(broadcastMac), 6);
    expect(neighbours.macOf(address)).toBe(mac);
  });

  it('are asked for again after a minute', () => {
    const { clock, asked, neighbours } = table();
    neighbours.learn(address, mac);
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
    for (let n = 0; n <= 1024; n++) neighbours.learn(ipv4FromNumber(n + 1), mac);
    expect(neighbours.macOf(ipv4FromNumber(1))).toBeUndefined();
    expect(neighbours.macOf(ipv4FromNumber(2))).toBe(mac);
    for (let n = 0; n < 100; n++) neighbours.send(ipv4FromNumber(5000 + n), packet(n));
    expect(asked).toHaveLength(64);
    neighbours.clear();
  });
});
