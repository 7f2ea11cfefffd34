import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { captureOf, fromPcap, lab } from '../../src/lab/lab.ts';
import { decodePcap, encodePcap } from '../../src/wire/pcap.ts';
import { encodePcapng } from '../../src/wire/pcapng.ts';
import { broadcast } from './frames.ts';

const captured = new Uint8Array(readFileSync(new URL('../../fixtures/wire/stations.pcap', import.meta.url)));

it('a tape plays what was captured, at its distances in time, once it has a carrier', async () => {
  using net = lab();
  const tape = fromPcap(captured);
  const [player, b] = [net.station('player', undefined, tape), net.station('b')];
  await net.run({ seconds: 5 });
  expect([tape.length, tape.done]).toEqual([8, false]);
  const link = net.link(player, b);
  await net.runUntil(() => tape.done);
  await net.quiesce();
  link.cut()[Symbol.dispose]();
  await net.run({ seconds: 5 });
  const records = decodePcap(captured)?.records ?? [];
  expect(b.received.map(({ frame }) => frame)).toEqual(records.map(({ frame }) => new Uint8Array(frame)));
  const [first] = records;
  const offsets = records.map(
    (one) => (one.seconds - (first?.seconds ?? 0)) * 1000 + (one.microseconds - (first?.microseconds ?? 0)) / 1000,
  );
  expect(b.received.map(({ time }) => time - 5000.05)).toEqual(offsets.map((offset) => expect.closeTo(offset, 5) as number));
});

it('what the lab captured is played again, by one of its interfaces', async () => {
  using net = lab();
  const [a, b] = [net.station('a'), net.station('b')];
  net.link(a, b);
  a.send(broadcast(1));
  b.send(broadcast(2));
  await net.run({ milliseconds: 10 });
  a.send(broadcast(3));
  using again = lab();
  const [tape, c] = [again.station('tape', undefined, fromPcap(captureOf(net), { interface: 'a' })), again.station('c')];
  again.link(tape, c);
  await again.run({ seconds: 1 });
  expect(c.received).toEqual([
    { time: 0.05, frame: broadcast(1) },
    { time: 10.05, frame: broadcast(3) },
  ]);
});

it('what cannot be played is refused, and why', () => {
  const record = { seconds: 0, microseconds: 0, originalLength: 14, frame: new Uint8Array(14) };
  expect(() => fromPcap(new Uint8Array(9))).toThrow(
    'cannot read the capture: it is neither pcap nor pcapng; give the octets of such a file',
  );
  expect(() => fromPcap(encodePcap({ linkType: 101, records: [record] }))).toThrow(
    'cannot play frame 1 of the capture: it is not Ethernet',
  );
  const short = { ...record, frame: new Uint8Array(13), originalLength: 13 };
  expect(() => fromPcap(encodePcap({ linkType: 1, records: [record, short] }))).toThrow(
    'cannot play frame 2 of the capture: it has 13 octets',
  );
  const cut = { ...record, originalLength: 60 };
  expect(() => fromPcap(encodePcap({ linkType: 1, records: [cut] }))).toThrow('it was cut short; capture whole frames');
  const named = encodePcapng({ interfaces: [{ name: 's1.1', linkType: 1 }], packets: [] });
  expect(() => fromPcap(named, { interface: 's1' })).toThrow('the capture has no interface s1; use one of: s1.1');
  expect(fromPcap(named).done).toBe(true);
});
