import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { answers } from '../../src/system/unix-socket.ts';
import type { Side } from './benchmark.ts';
import type { Running } from './running.ts';
import type { Workplace } from './workplace.ts';

/** A switch that runs. */
export interface RunningSwitch {
  readonly directory: string;
  readonly process: Running;
}

const patience = 10_000;

/** Starts our switch, or the original, by the same command line, and waits until it answers. */
export async function startSwitch(side: Side, workplace: Workplace, { numports = 64, name = 'switch' } = {}): Promise<RunningSwitch> {
  const program = side === 'ours' ? ourProgram('vde_switch') : 'vde_switch';
  const directory = workplace.path(name);
  const running = workplace.start([program, '-s', directory, '-n', String(numports)], { silent: true });
  await untilAnswers(running, directory);
  return { directory, process: running };
}

/** Our executables, of the production build. */
export function ourProgram(name: 'etherloom' | 'vde_switch'): string {
  return resolve('bin', name);
}

/** Waits until a VDE directory is served. Throws when the process ends, or after 10 s. */
export async function untilAnswers(running: Running, directory: string): Promise<void> {
  const end = performance.now() + patience;
  while (!answers(`${directory}/ctl`, 'stream')) {
    await delay(10);
    if (running.ended || performance.now() > end)
      throw new Error(`${running.command} does not serve ${directory}; it said:\n${running.said}`);
  }
}
