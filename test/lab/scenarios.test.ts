import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertHasConverged, assertReaches, play, recording, scenarios, survives, type Network } from '../../src/lab/lab.ts';

const runs = Number(process.env['LAB_RUNS'] ?? 60);

const all = ['cut', 'silence', 'impair', 'hold', 'crash', 'crash-host', 'fail-disk', 'partition', 'flap', 'vary'] as const;

describe('scenarios that are drawn', () => {
  it('are networks of all the kinds that were asked for', () => {
    const texts = fc.sample(scenarios(fc, { faults: [...all, 'skew'] }), { numRuns: 300, seed: 1 });
    const text = texts.join('');
    for (const word of [
      ...all.filter((fault) => fault !== 'crash-host'),
      'crash h2',
      'skew',
      'partition s1,',
      'partition s2,',
      'ping',
      'from',
      'fifo 0',
      '#2',
      'switch s4',
      'host h4',
    ]) {
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
  it('is refused before anything happens where nothing would be tried, or what is wanted is unknown', async () => {
    const refused = async (options: object, prepare: (net: Network) => unknown = () => () => undefined): Promise<string> => {
      let runs = 0;
      const message = await survives(fc, options, (net) => {
        if (net.now === 0) runs++;
        return prepare(net);
      }).then(() => 'it passed', String);
      return `${runs} ${message.replace(/^EtherloomError: /, '')}`;
    };
    expect(await refused({ runs: 0 })).toBe('0 the number of runs must be an integer of at least 1, not 0');
    expect(await refused({ runs: NaN })).toBe('0 the value of the option runs must be a number, as 5, not NaN');
    expect(await refused({ seed: 0.5 })).toBe('0 a seed of fast-check must be an integer, not 0.5');
    expect(await refused({ faults: ['meteor'] })).toMatch(/^0 unknown fault "meteor"; use some of: cut, silence, impair, /);
    expect(await refused({ fault: ['cut'] })).toMatch(/^0 unknown option "fault"; use one of: switches, /);
    expect(await refused({ hosts: 1 })).toBe('0 a scenario needs at least one switch and two hosts; raise { switches } or { hosts }');
    expect(await refused({ span: 0 })).toBe('0 the span of a fault must be an integer of at least 1, not 0');
    expect(await refused({ lab: { sed: 5 } })).toMatch(/^0 unknown option "sed"; /);
    expect(await refused({ dhcp: { lease: 5 } })).toMatch(/^0 unknown option "lease"; /);
    expect(await refused({}, () => undefined)).toBe(
      '1 nothing would be checked: the preparation returned undefined; return a function that is asked when all is over, or use `always`',
    );
    await expect(survives(fc, {}, 5 as unknown as () => unknown)).rejects.toThrow('cannot prepare a network with 5; give a function');
  });

  it('is looked at at every instant, and shrunk to the first at which it is not so', async () => {
    const message = await survives(fc, { seed: 5, faults: ['cut', 'crash-host'], pings: false }, (net, { always }) => {
      always(() => net.links.every(({ up }) => up), 'all links are up');
    }).then(String, String);
    expect(message).toMatch(
      /^Error: a scenario was found in which it fails:\n\nseed 0\nswitch s1 fstp\nhost h1 s1\nhost h2 s1\nat 0\nf1 = c\w+ h\S+\nat 1\nend f1\n\nat 0 ms this was not so: all links are up\n/,
    );
  });

  it('fails when no scenario has seen what it should, and passes when one has', async () => {
    const seen = (fault: 'cut' | 'hold'): Promise<string> =>
      survives(fc, { runs: 20, faults: [fault], pings: false }, (net, { sometimes }) =>
        sometimes(() => net.links.some(({ up }) => !up), 'a link is down'),
      ).then(() => 'it passed', String);
    expect(await seen('hold')).toBe('Error: no scenario of 20 saw this: a link is down; try more { runs }, or other faults');
    expect(await seen('cut')).toBe('it passed');
  });

  it('lets asynchronous programs go on while things happen', { timeout: 60_000 }, async () => {
    const found = await survives(fc, { seed: 1, faults: ['crash-host'], pings: false, span: 5000 }, (net, { always }) => {
      const counts: number[] = [];
      for (const [n, host] of net.hosts.entries())
        host.start(async ({ sleep, disk, log }) => {
          for (;;) {
            const count = Number((await disk.read('count')) ?? 0) + 1;
            await disk.write('count', `${count}`);
            counts[n] = count;
            log(`has counted to ${count}`);
            await sleep(500);
          }
        });
      const before: number[] = [];
      // It is not synced: what was counted is forgotten by a crash.
      always(() => {
        const forgot = counts.some((count, n) => count < (before[n] ?? 0));
        counts.forEach((count, n) => (before[n] = count));
        return !forgot;
      }, 'nobody forgets');
    }).then(() => 'it passed', String);
    expect(found).toMatch(
      /\nswitch s1 fstp\nhost h1 s1\nhost h2 s1\nat \d+\nf\d = crash h\d\nat \d+\nend f\d\n\nat \d+ ms this was not so: nobody forgets\n/,
    );
    expect(found).toMatch(/\nthe last lines of the programs:\n(at [\d.]+ ms h\d: has counted to \d+\n)+/);
  });

  it('fails by a program that fails, also when it does so last, or beside others', async () => {
    const late = survives(fc, { runs: 2 }, (net) => async () => {
      for (const host of net.hosts) host.start(() => Promise.reject(new Error('it failed at last')));
      await Promise.resolve();
    });
    await expect(late).rejects.toThrow('it failed at last');
    const both = survives(fc, { runs: 2 }, (net, { always }) => {
      always(() => net.now < 1000, 'it is early');
      for (const host of net.hosts) host.start(({ sleep }) => sleep(1000).then(() => Promise.reject(new Error('it failed'))));
    });
    await expect(both).rejects.toThrow(/it failed|it is early/);
  });

  it('draws from a part of the faults each time', () => {
    const texts = fc.sample(scenarios(fc, { faults: [...all], acts: 20, pings: false }), { numRuns: 200, seed: 1 });
    const kinds = texts.map((text) => new Set([...text.matchAll(/ = (\S+)/g)].map(([, kind]) => kind)).size);
    expect(kinds.filter((count) => count <= 4).length).toBeGreaterThan(30);
    expect(Math.max(...kinds)).toBeGreaterThan(6);
  });

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
