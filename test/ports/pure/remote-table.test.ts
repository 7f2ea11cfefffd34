import { expect, test } from 'vitest';
import { RemoteTable } from '../../../src/ports/pure/remote-table.ts';
import { addTag, vid } from '../../../src/wire/dot1q.ts';
import { broadcastMac, macFromNumber, writeMac } from '../../../src/wire/mac.ts';
import { encodeEthernet } from '../../../src/wire/ethernet.ts';
import { ManualClock } from '../../manual-clock.ts';

/** Returns a frame between two stations with small numbers, with a tag if a VLAN is given. */
function frame(from: number, to: number, vlan?: number): Uint8Array {
  const payload = new Uint8Array(46);
  const untagged = encodeEthernet({ source: station(from), destination: station(to), etherType: 0x88b5, payload });
  return vlan === undefined ? untagged : addTag(untagged, vid(vlan));
}

function station(number: number): ReturnType<typeof macFromNumber> {
  return macFromNumber(0x02_0000_000000 + number);
}

function broadcast(from: number): Uint8Array {
  const octets = frame(from, 0);
  writeMac(octets, 0, broadcastMac);
  return octets;
}

test('a frame goes to the remote behind which its destination was heard, and to all before that', () => {
  const table = new RemoteTable<string>(new ManualClock());
  expect(table.lookup(frame(9, 1))).toBeUndefined();
  table.learn(broadcast(1), 'a');
  table.learn(frame(2, 1), 'b');
  expect([1, 2, 3].map((to) => table.lookup(frame(9, to)))).toEqual(['a', 'b', undefined]);
});

test('groups are for all, as a destination and as a source, whatever a remote sends', () => {
  const table = new RemoteTable<string>(new ManualClock());
  const forged = frame(1, 2);
  writeMac(forged, 6, broadcastMac);
  table.learn(forged, 'a');
  expect(table.size).toBe(0);
  expect(table.lookup(broadcast(9))).toBeUndefined();
});

test('a station in two VLANs may be behind two remotes, and a cut tag counts as none', () => {
  const table = new RemoteTable<string>(new ManualClock());
  table.learn(frame(1, 9), 'a');
  table.learn(frame(1, 9, 5), 'b');
  expect([undefined, 5, 6].map((vlan) => table.lookup(frame(9, 1, vlan)))).toEqual(['a', 'b', undefined]);
  expect(table.lookup(frame(9, 1, 5).subarray(0, 14))).toBe('a');
});

test('a station moves once it is silent at the old remote for 3 s, and is forgotten after 100 s', () => {
  const clock = new ManualClock();
  const table = new RemoteTable<string>(clock);
  const at = (time: number): string | undefined => {
    clock.advance(time);
    table.beginBreath();
    return table.lookup(frame(9, 1));
  };
  table.learn(frame(1, 9), 'a');
  expect(at(2_999)).toBe('a');
  table.learn(frame(1, 9), 'b');
  expect(at(1)).toBe('a');
  table.learn(frame(1, 9), 'b');
  expect([at(0), at(99_999), at(1)]).toEqual(['b', 'b', undefined]);
});

test('a remote is forgotten with its stations', () => {
  const table = new RemoteTable<string>(new ManualClock());
  table.learn(frame(1, 9), 'a');
  table.learn(frame(2, 9), 'b');
  table.forget('a');
  expect([1, 2].map((to) => table.lookup(frame(9, to)))).toEqual([undefined, 'b']);
});

test('100,000 addresses of one remote leave the stations of another in their place, in bounded memory', () => {
  const clock = new ManualClock();
  const table = new RemoteTable<string>(clock, { seed: 7 });
  for (let number = 0; number < 100; number++) table.learn(frame(number, 0), 'quiet');
  for (let number = 1_000; number < 101_000; number++) table.learn(frame(number, 0), 'hostile');
  expect(table.size).toBe(65_536);
  for (let number = 0; number < 100; number++) expect(table.lookup(frame(9, number))).toBe('quiet');
  expect(table.lookup(frame(9, 100_999))).toBe('hostile');
  clock.advance(200_000);
  expect(table.size).toBe(0);
});
