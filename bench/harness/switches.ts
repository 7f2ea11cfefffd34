import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Side } from './benchmark.ts';
import type { Running } from './running.ts';
import type { Workplace } from './workplace.ts';

/** A switch that runs. */
export interface RunningSwitch {
  readonly directory: string;
  readonly process: Running;
}

/** How a switch is started. */
export interface SwitchOptions {
  /** Default: 64. */
  readonly numports?: number;
  /** Of its directory, in the workplace. Default: `switch`. */
  readonly name?: string;
  /** The only processor that it may run on. Default: any. */
  readonly processor?: number | undefined;
  /** True to guard its first ports against hostile stations; only ours can. Default: false. */
  readonly guarded?: boolean;
}

const patience = 10_000;

/** Starts our switch, or the original, by the same command line, and waits until it answers. */
export async function startSwitch(
  side: Side,
  workplace: Workplace,
  { numports = 64, name = 'switch', processor, guarded = false }: SwitchOptions = {},
): Promise<RunningSwitch> {
  const program = programOf(side, workplace, 'vde_switch');
  const directory = workplace.path(name);
  const guard = guarded ? ['-f', guardScript(workplace)] : [];
  const running = workplace.start([program, '-s', directory, '-n', String(numports), ...guard], { silent: true, processor });
  await untilAnswers(running, directory);
  return { directory, process: running };
}

/** Writes the console's commands that make two guarded ports for clients that name none. */
function guardScript(workplace: Workplace): string {
  const path = workplace.path('guard.rc');
  const lines = [1, 2].flatMap((port) => [`port/create ${port}`, `port/guard ${port} 1`, `port/allocatable ${port} 1`]);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** Returns the program of that name of a side: of the production build of etherloom, or as it is installed here. */
export function programOf(side: Side, { checkouts }: Workplace, name: 'etherloom' | 'vde_switch' | 'vde_plug' | 'dpipe'): string {
  const checkout = checkouts[side];
  return checkout === undefined ? name : resolve(checkout, 'bin', name);
}

/** Waits until a VDE directory is served. Throws when the process ends, or after 10 s. */
export async function untilAnswers(running: Running, directory: string): Promise<void> {
  const end = performance.now() + patience;
  while (!(await answers(`${directory}/ctl`))) {
    await delay(10);
    if (running.ended || performance.now() > end)
      throw new Error(`${running.command} does not serve ${directory}; it said:\n${running.said}`);
  }
}

/** Returns whether a process listens on a unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}
