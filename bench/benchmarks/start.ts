import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, Case } from '../harness/benchmark.ts';
import { programOf } from '../harness/switches.ts';

const counts = [0, 1000] as const;
const patience = 10;

/** How long a switch takes from its start until its console greets, by when clients are served and its rc file is done. */
export const start: Benchmark = {
  name: 'start',
  work: 'from the start of the process until the console greets, with ports that the rc file makes',
  peer: 'vde_switch',
  needs: [],
  peerNeeds: ['vde_switch'],
  // A start is short: with the usual five rounds there are twenty.
  slices: 4,
  cases: counts.map(startCase),
  commonGoals: [
    {
      title: 'seconds more of ours for 100 ports',
      goal: { want: 'at-most', goal: 0.005 },
      figure(ours) {
        const [none, many] = counts.map((count) => ours(nameOf(count), 'wall') ?? NaN);
        return (((many ?? NaN) - (none ?? NaN)) * 100) / counts[1];
      },
    },
  ],
};

function startCase(count: number): Case {
  return {
    name: nameOf(count),
    ...(count === 0 && { ownGoals: { wall: { want: 'at-most', goal: 0.25 } } }),
    async run(side, workplace) {
      writeFileSync(workplace.path('rc'), 'port/createauto\n'.repeat(count));
      const [socket, directory] = [workplace.path('mgmt'), workplace.path('switch')];
      const program = programOf(side, workplace, 'vde_switch');
      const begun = performance.now();
      const options = ['-s', directory, '-M', socket, '-f', workplace.path('rc'), '-n', String(count + 32)];
      const running = workplace.start([program, ...options], { silent: true });
      while (!(await greets(socket))) {
        if (running.ended || performance.now() - begun > patience * 1000)
          throw new Error(`${running.command} says nothing:\n${running.said}`);
        await delay(1);
      }
      return { wall: (performance.now() - begun) / 1000 };
    },
  };
}

function nameOf(count: number): string {
  return `${count} ports`;
}

/** Returns whether a process at a unix socket sends something. */
function greets(path: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection(path);
    socket.once('data', () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}
