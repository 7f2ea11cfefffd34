import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Clock, Timer } from '../clock.ts';
import { assert, errnoText, reasonOf } from '../errors.ts';
import { asCalled } from '../system/caller.ts';
import { openPipe, type Pipe } from '../system/pipe.ts';
import { becomeProgram, isInForeground, keepOpen, leadGroup, killOthersInGroup } from '../system/process.ts';
import type { Fd } from '../system/unix-socket.ts';
import type { PipedCommand, PipedLine, PipeEnd } from './dpipe-line.ts';

/** How a line is run. */
export interface DpipeOptions {
  readonly clock: Clock;
  /** Tells people what happened. */
  readonly log: (message: string) => void;
  /** Whether what the commands say on standard error is heard. Default: true. */
  readonly heard?: boolean;
}

/** Where a command with others on both sides speaks to the right. */
const alternateInput = 3;
const alternateOutput = 4;

/** How long commands may take to end when they are told to, in milliseconds. */
const endLimit = 5000;

/** What goes on to the commands. */
const forwarded = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

/**
 * How long after its last command was ended by SIGTERM this process may learn that it was sent one, too, in milliseconds: both were, when the
 * group was, and another thread may be slower to say so than the end of a child.
 */
const ownSignalDelay = 200;

const exitTerminated = 128 + constants.signals.SIGTERM;
const exitNotFound = 127;
const exitNotRunnable = 126;

/**
 * Commands whose standard inputs and outputs are joined by pipes of the kernel: nothing goes through this process. They are in one process
 * group with it, and it hands them its signals: SIGTERM ends them all.
 */
export class Dpipe {
  /** The exit status of the last command, once all have ended; 128 and the signal's number when one ended it, 0 after SIGTERM. */
  readonly ended: Promise<number>;
  readonly #options: DpipeOptions;
  readonly #running = new Set<ChildProcess>();
  #status = 0;
  #killing: Timer | undefined;
  #settle: (status: number) => void = () => undefined;

  /** Starts them all. Throws a SystemError when there are no pipes to be had. */
  constructor({ pipes, commands }: PipedLine, options: DpipeOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    leadGroup();
    // Before there is anybody who could be told to send one.
    process.on('SIGTERM', () => this.#terminate());
    for (const signal of forwarded) process.on(signal, () => this.#forward(signal));
    const made = openPipes(pipes);
    for (const [i, command] of commands.entries()) this.#start(command, made, i === commands.length - 1);
    closePipes(made);
  }

  #forward(signal: NodeJS.Signals): void {
    // The terminal has told the whole group already.
    if ((signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground()) return;
    for (const child of this.#running) child.kill(signal);
  }

  /** Ends the commands, by force when it takes long. */
  #terminate(): void {
    if (this.#running.size === 0) {
      this.#settle(0);
      return;
    }
    if (this.#killing) return;
    this.#killing = this.#options.clock.after(endLimit, () => {
      // Also what they have started, and what that has in the meantime.
      for (let round = 0; round < 3; round++) killOthersInGroup();
    });
    // What the commands started is in the group, too, and so is this process, which is told the same once more.
    process.kill(-process.pid, 'SIGTERM');
  }

  #start(command: PipedCommand, pipes: readonly Pipe[], isLast: boolean): void {
    const [program = '', ...args] = command.argv;
    const child = spawn(...asCalled(program, args), {
      stdio: descriptorsOf(command, pipes, this.#options.heard === false ? 'ignore' : 'inherit'),
      env: environmentOf(command),
    });
    this.#running.add(child);
    const over = (status: number): void => {
      if (!this.#running.delete(child)) return;
      if (isLast) this.#status = status;
      // A command that cannot be started is one that has ended, and it is told later than all were started.
      if (this.#running.size === 0) this.#finish();
    };
    child.once('exit', (code, signal) => over(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const absent = isAbsent(program, error.code);
      this.#options.log(absent ? `${program}: no such command` : `cannot start ${program}: ${reasonOf(error)}`);
      over(absent ? exitNotFound : exitNotRunnable);
    });
  }

  #finish(): void {
    this.#killing?.[Symbol.dispose]();
    if (this.#killing) this.#settle(0);
    else if (this.#status === exitTerminated) this.#options.clock.after(ownSignalDelay, () => this.#settle(this.#status));
    else this.#settle(this.#status);
  }
}

/**
 * Starts all commands but the last, and becomes that one: then there is no process more than commands. `remove` are files that are removed
 * when it has ended. Returns only when it cannot be had: its exit status.
 */
export function becomeLast({ pipes, commands }: PipedLine, remove: readonly string[], log: (message: string) => void): number {
  leadGroup();
  const made = openPipes(pipes);
  for (const command of commands.slice(0, -1)) {
    const [program = '', ...args] = command.argv;
    const child = spawn(...asCalled(program, args), { stdio: descriptorsOf(command, made, 'inherit'), env: environmentOf(command) });
    if (child.pid === undefined) log(`cannot start ${program}: no such command, or it is not executable`);
    child.on('error', () => undefined);
  }
  const last = commands.at(-1);
  if (!last) return exitNotFound;
  const [lastProgram = '', ...lastArguments] = last.argv;
  if (remove.length > 0) removeAfterwards(remove);
  for (const name of alternateNames) Reflect.deleteProperty(process.env, name);
  const [program, args] = asCalled(lastProgram, lastArguments);
  const errno = becomeProgram([program, ...args], { input: fdOf(last.input, made), output: fdOf(last.output, made) });
  log(`cannot start ${lastProgram}: ${errnoText(errno)}`);
  return isAbsent(lastProgram, errno) ? exitNotFound : exitNotRunnable;
}

/** A directory of PATH that may not be looked into says of any name that it is not permitted. [execvp(3)] */
function isAbsent(program: string, errno: string | undefined): boolean {
  return errno === 'ENOENT' || (errno === 'EACCES' && !program.includes('/'));
}

const alternateNames = ['ALTERNATE_STDIN', 'ALTERNATE_STDOUT'] as const;

function environmentOf({ alternate }: PipedCommand): NodeJS.ProcessEnv {
  const [input, output] = alternate ? [String(alternateInput), String(alternateOutput)] : [];
  return { ...process.env, ALTERNATE_STDIN: input, ALTERNATE_STDOUT: output };
}

function descriptorsOf(
  { input, output, alternate }: PipedCommand,
  pipes: readonly Pipe[],
  standardError: 'inherit' | 'ignore',
): StdioOptions {
  const ends = alternate ? [fdOf(alternate.input, pipes), fdOf(alternate.output, pipes)] : [];
  return [fdOf(input, pipes), fdOf(output, pipes), standardError, ...ends];
}

function fdOf({ pipe, way }: PipeEnd, pipes: readonly Pipe[]): Fd {
  const fd = pipes[pipe]?.[way];
  assert(fd !== undefined, `there is a pipe ${pipe}`);
  return fd;
}

function openPipes(count: number): Pipe[] {
  const pipes: Pipe[] = [];
  try {
    while (pipes.length < count) pipes.push(openPipe());
    return pipes;
  } catch (error) {
    closePipes(pipes);
    throw error;
  }
}

function closePipes(pipes: readonly Pipe[]): void {
  for (const { read, write } of pipes) {
    closeSync(read);
    closeSync(write);
  }
}

/** A shell waits for the end of a pipe that this process holds, and the program that it becomes, without knowing of it. */
function removeAfterwards(files: readonly string[]): void {
  const { read, write } = openPipe();
  const script = 'read -r _; rm -f -- "$@"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...files], { stdio: [read, 'ignore', 'ignore'], cwd: '/', detached: true });
  child.on('error', () => undefined);
  closeSync(read);
  keepOpen(write);
}
