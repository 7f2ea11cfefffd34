import { fileURLToPath } from 'node:url';
import type { Benchmark, Case } from '../harness/benchmark.ts';
import type { Goal } from '../harness/goals.ts';
import type { RosterResult, RosterSpec } from '../roster/spec.ts';

const members = 50_000;

/** The goal of the longest turn, in milliseconds. */
const short: Goal = { want: 'at-most', goal: 5 };

/** Joins to a group of 50,000 members, in the process that forwards frames. */
export const roster: Benchmark = {
  name: 'roster',
  work: 'joins to a group of 50,000 members: how long frames wait for them, and they for the disk',
  peer: 'a roster that is written whole for each join, as in version 0.2.0',
  needs: [],
  peerNeeds: [],
  cases: [
    rosterCase('1 join at a time', { joins: 1, rewrite: false }),
    { ...rosterCase('200 joins at once', { joins: 200, rewrite: false }), oursOnly: true },
    { ...rosterCase('200 joins at once, until the journal has been written anew', { joins: 200, rewrite: true }), oursOnly: true },
  ],
};

function rosterCase(name: string, what: Pick<RosterSpec, 'joins' | 'rewrite'>): Case {
  return {
    name,
    ownGoals: { longestTurn: short },
    async run(side, workplace, { seconds, warmup }) {
      const way = side === 'ours' ? 'journal' : 'whole';
      const spec: RosterSpec = { ...what, directory: workplace.directory, way, members, seconds, warmup };
      const program = fileURLToPath(new URL('../roster/main.js', import.meta.url));
      const running = workplace.start([process.execPath, program, JSON.stringify(spec)]);
      const [line] = await running.line(/^\{.*\}$/, 120 + seconds + warmup);
      const result = JSON.parse(line) as RosterResult;
      return {
        longestTurn: result.longestTurn,
        keptP50: result.keptP50,
        joinsPerSecond: result.joins / result.seconds,
        memory: result.memory / 2 ** 20,
      };
    },
  };
}
