import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { EtherloomError, reasonOf } from '../errors.ts';
import { asCalled } from '../system/caller.ts';
import { openPacketPipe, openPipe, ownEnd, widened } from '../system/pipe.ts';
import type { PortEnvironment } from './environment.ts';
import { PipePort } from './stream/pipe-port.ts';
import type { PortCounters } from './pure/port.ts';

/** The options of a command. */
export interface CommandOptions {
  /** Counts the frames. Default: counters of its own. */
  readonly counters?: PortCounters;
  /** True if the keys that interrupt the terminal's foreground do not reach it: it ends with its streams. Default: false. */
  readonly detached?: boolean;
  /** True if it may open as many descriptors as this process may, whose limit Node has raised. Default: as many as the caller of this process. */
  readonly manyDescriptors?: boolean;
  /** True if each frame is a packet of its standard input, see `openPacketPipe`, and its output a wide pipe. Default: false. */
  readonly packets?: boolean;
  /** Called with the text that it writes to standard error. Default: it shares this process's standard error. */
  readonly complaint?: (text: string) => void;
}

/** A program whose standard input and output are a stream of frames. Disposing it ends the program. */
export interface Command extends AsyncDisposable {
  readonly port: PipePort;
  readonly pid: number;
  /**
   * Closes its streams, and resolves to its end: `exit status 1`, `signal SIGKILL`. A program that does not end by itself is then
   * terminated.
   */
  finish(): Promise<string>;
}

/** How long a command may take to end when it is terminated, in milliseconds. */
const endLimit = 2000;

/** Starts a program; its standard input and output are the stream, and it ends with that. Throws EtherloomError('missing-peer'). */
export async function startCommand(
  [program = '', ...args]: readonly string[],
  environment: PortEnvironment,
  { counters, detached = false, manyDescriptors = false, packets = false, complaint }: CommandOptions = {},
): Promise<Command> {
  const [to, from] = packets ? [openPacketPipe(), widened(openPipe())] : [openPipe(), openPipe()];
  const line = manyDescriptors ? ([program, args] as const) : asCalled(program, args);
  const child = spawn(...line, { stdio: [to.read, from.write, complaint ? 'pipe' : 'inherit'], detached });
  closeSync(to.read);
  closeSync(from.write);
  if (complaint) child.stderr?.setEncoding('utf8').on('data', complaint);
  const ends = { input: ownEnd(from.read), output: ownEnd(to.write) };
  const port = new PipePort({ description: program, packets, ...ends, ...(counters && { counters }) }, environment);
  // Only once all its output has arrived.
  const exit = new Promise<string>((resolve) => child.once('close', (status, signal) => resolve(endText(status, signal))));
  try {
    await once(child, 'spawn');
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw new EtherloomError('missing-peer', `cannot start ${program}: ${reasonOf(error)}; install it, or correct the command`);
  }
  return {
    port,
    pid: child.pid ?? 0,
    async finish(): Promise<string> {
      await port[Symbol.asyncDispose]();
      const limit = environment.clock.after(endLimit, () => void endChild(child, environment.clock));
      const how = await exit;
      limit[Symbol.dispose]();
      return how;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await port[Symbol.asyncDispose]();
      await endChild(child, environment.clock);
    },
  };
}

function endText(status: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit status ${status ?? 'unknown'}` : `signal ${signal}`;
}

async function endChild(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = clock.after(endLimit, () => child.kill('SIGKILL'));
  await exit;
  limit[Symbol.dispose]();
}
