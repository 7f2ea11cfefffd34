import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertHasConverged, assertReaches, play, recording, scenarios, survives } from '../../src/lab/lab.ts';

const runs = Number(process.env['LAB_RUNS'] ?? 60);

const all = ['cut', 'silence', 'impair', 'hold', 'crash', 'partition', 'flap', 'vary'] as const;

describe('scenarios that are drawn', () => {
  it('are networks of all the kinds that were asked for', () => {
    const texts = fc.sample(scenarios(fc, { faults: [...all, 'skew'] }), { numRuns: 300, seed: 1 });
    const text = texts.join('');
    for (const word of [...all, 'skew', 'partition s1,', 'partition s2,', 'ping', 'from', 'fifo 0', '#2', 'switch s4', 'host h4']) {
      expect(text, word).toContain(word);
    }
    for (const one of texts) play(one)[Symbol.dispose]();
  });

  it('are repeated by what is recorded of them, octet by octet', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(scenarios(fc, { dhcp: true, faults: [...all, 'skew'] }), (text) => {
        using net = play(text, { record: true });
        const recorded = recording(net);
        using again = play(recorded);
        expect(recording(again)).toBe(recorded);
      }),
      { numRuns: runs },
    );
  });

  it('have at least a switch and two hosts', () => {
    expect(() => scenarios(fc, { hosts: 1 })).toThrow(
      'a scenario needs at least one switch and two hosts; raise { switches } or { hosts }',
    );
  });
});

describe('what survives', () => {
  it('is what is so whatever happened', { timeout: 60_000 }, async () => {
    await survives(fc, { runs }, (net) => async () => {
      await assertHasConverged(net, { minutes: 5 });
      await assertReaches(net.hostNamed('h1'), net.hostNamed('h2'));
    });
  });

  it('is told from what does not by the smallest scenario in which it does not', async () => {
    const restless = survives(fc, { seed: 5, runs: 300, pings: false }, ({ switches }) => () => {
      if (switches.some(({ treeChanges }) => treeChanges.length > 8)) throw new Error('too much has changed');
    });
    const message = await restless.then(String, String);
    expect(message).toMatch(
      /^Error: a scenario was found in which it fails:\n\nseed 0\nswitch s1 fstp\nswitch s2 fstp\nlink s1 s2 latency 1\nhost h1 s1\nhost h2 s1\nat \d/,
    );
    expect(message).toMatch(/\n\ntoo much has changed\n\n\(fast-check's seed is 5, scenario \d+ of 300 was the first to fail\)$/);
    const [, text = ''] = message.split('\n\n');
    expect(text.split('\n').length).toBeLessThan(20);
    using net = play(text);
    expect(net.switches.some(({ treeChanges }) => treeChanges.length > 8)).toBe(true);
  });
});
