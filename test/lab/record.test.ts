import { describe, expect, it } from 'vitest';
import { assertReaches, captureOf, lab, recording } from '../../src/lab/lab.ts';
import { RunRecord } from '../../src/lab/record.ts';
import { decodePcapng } from '../../src/wire/pcapng.ts';
import { broadcast } from './frames.ts';

describe('a record', () => {
  it('that is too long is given up, and says so', () => {
    const record = new RunRecord(100);
    const text = 'x'.repeat(40);
    for (let time = 0; time < 2; time++) expect(record.add({ time, after: 0, text })).toEqual({ time, after: 0, text });
    expect(record.steps()).toHaveLength(2);
    expect(record.add({ time: 2.5, after: 0, text })).toBeUndefined();
    expect(record.add({ time: 3, after: 0, text: '' })).toBeUndefined();
    expect(() => record.steps()).toThrow('the record was given up at 2.5 ms: it has over 100 characters; record a shorter run');
  });

  it('of a network holds 64 Mi characters', () => {
    using net = lab({ record: true });
    net.switch('s1');
    expect(recording(net)).toMatch(/\nswitch s1\n/);
    net.fabric.record?.add({ time: 0, after: 0, text: 'x'.repeat(64 * 2 ** 20) });
    net.switch('s2');
    expect(() => recording(net)).toThrow(/^the record was given up at 0 ms: it has over 67108864 characters; /);
  });
});

describe('the evidence of a long run', () => {
  it('says what it does not hold any more', async () => {
    using net = lab({ history: 10 });
    const s1 = net.switch('s1');
    const [a, x] = [net.host('a', s1), net.station('x', s1)];
    expect(decodePcapng(captureOf(net))?.packets).toEqual([]);
    for (let n = 0; n < 20; n++) {
      x.send(broadcast());
      await net.run({ seconds: 1 });
    }
    const gap = /10 of \d+ frames are remembered, from 15000 ms on; \{ history \} of the network keeps more/;
    const comments = decodePcapng(captureOf(net))?.packets.map(({ comment }) => comment) ?? [];
    expect(comments[0]).toMatch(new RegExp(`^${gap.source}\n#\\d+ to s1.2: delivered$`));
    expect(comments.slice(1).filter((comment) => gap.test(comment ?? ''))).toEqual([]);
    await expect(assertReaches(a, '10.0.0.99', { timeout: 1 })).rejects.toThrow(/\n\d+ of \d+ frames are remembered, from 16000 ms on/);
  });
});
