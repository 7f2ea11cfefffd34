import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chaosArguments } from '../../bench/chaos/arguments.ts';
import { summary, type Recovery } from '../../bench/chaos/chaos.ts';
import { drawFault, faultKinds } from '../../bench/chaos/fault.ts';
import { Route } from '../../bench/chaos/route.ts';
import { reasonWithoutNamespaces } from '../../bench/harness/namespace.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';

interface Ended {
  readonly stdout: string;
  readonly code?: number;
}

function run(command: readonly string[]): Promise<Ended> {
  return promisify(execFile)(process.execPath, [...command]).catch((error: unknown) => error as Ended);
}

describe('the proof by chaos', () => {
  it('holds for a small star, encrypted and plain', { timeout: 180_000 }, async (context) => {
    const reason = reasonWithoutNamespaces();
    if (reason !== undefined) context.skip(reason);
    const command = ['bench/chaos/start.mjs', '--as-built', '--faults', '2', '--slaves', '1', '--seed', '3'];
    const { stdout, code } = await run(command);
    expect(stdout).toMatch(/^ +2 .* secured \d+ ms, plain \d+ ms$/m);
    expect(stdout).toMatch(/^all .*secured median .* \(2\); plain median .* \(2\)$/m);
    expect(stdout).toMatch(/^all stations reached each other again; .*nothing is left behind$/m);
    expect(code).toBeUndefined();
  });

  it('has options, and refuses those that make no sense', () => {
    expect(chaosArguments([], 7)).toEqual({ faults: 100, seed: 7, slaves: 4, ways: ['secured', 'plain'] });
    expect(chaosArguments(['--way', 'plain', '--faults', '3'], 7)).toMatchObject({ ways: ['plain'], faults: 3 });
    for (const wrong of [
      ['--way', 'both'],
      ['--faults', '0'],
      ['--slaves', 'x'],
    ])
      expect(() => chaosArguments(wrong, 7)).toThrow();
  });

  it('draws the same faults by the same seed: of all kinds, of the master and of each slave', () => {
    const draw = (): readonly ReturnType<typeof drawFault>[] => {
      const random = seededRandom(5);
      return Array.from({ length: 200 }, () => drawFault(random, 3));
    };
    const faults = draw();
    expect(draw()).toEqual(faults);
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
    expect([...new Set(faults.map(({ node }) => node))].sort()).toEqual([0, 1, 2, 3]);
  });

  it('gives the median and the worst of each kind', () => {
    const recovery = (milliseconds: number): Recovery => ({ way: 'plain', fault: { kind: 'kill', node: 0, lasts: 100 }, milliseconds });
    const lines = summary([recovery(100), recovery(300), recovery(1100)], ['plain']);
    expect(lines[0]).toMatch(/^kill +plain median 0.30 s, worst 1.10 s \(3\)$/);
    expect(lines[1]).toMatch(/^pull +plain none$/);
  });
});

describe('a route', () => {
  it('is open from the first frame that was sent behind the mark', () => {
    const route = new Route('0 to 1');
    route.mark(10);
    route.heard(9, 100);
    expect(route.isOpen(10)).toBe(false);
    route.heard(10, 120);
    route.heard(11, 140);
    expect([route.openSince, route.isOpen(12)]).toEqual([120, true]);
  });

  it('is closed while the latest frames are missing, and open anew after an outage', () => {
    const route = new Route('0 to 1');
    route.mark(0);
    route.heard(0, 100);
    expect(route.isOpen(100)).toBe(false);
    route.heard(100, 2100);
    expect([route.openSince, route.isOpen(101)]).toEqual([2100, true]);
    // A few lost frames are no outage.
    route.heard(110, 2300);
    expect(route.openSince).toBe(2100);
  });
});
