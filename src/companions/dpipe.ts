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

/** The settings of a run of dpipe. */
export interface DpipeOptions {
  readonly clock: Clock;
  /** Called with messages for the user. */
  readonly log: (message: string) => void;
  /** False discards the commands' standard error. Default: true. */
  readonly heard?: boolean;
}

/** The descriptors to the right side, for a command that exchanges data with both sides. */
const alternateInput = 3;
const alternateOutput = 4;

/** How long the commands may take to end after SIGTERM, in milliseconds. */
const endLimit = 5000;

/** The signals that are forwarded to the commands. */
const forwarded = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

/**
 * How long this process waits for a SIGTERM of its own after the last command was ended by one, in milliseconds. A signal to the group
 * reaches both, but Node may report the end of a child before the signal.
 */
const ownSignalDelay = 200;

const exitTerminated = 128 + constants.signals.SIGTERM;
const exitNotFound = 127;
const exitNotRunnable = 126;

/**
 * Commands whose standard inputs and outputs are joined by pipes of the kernel. The data does not pass through this process. The commands
 * are in its process group, and it forwards signals to them. SIGTERM ends all of them.
 */
export class Dpipe {
  /**
   * Resolves when all commands have ended, with the exit status of the last command. If a signal ended that command, the status is 128 plus
   * its number. If this process got SIGTERM, the status is 0.
   */
  readonly ended: Promise<number>;
  readonly #options: DpipeOptions;
  readonly #running = new Set<ChildProcess>();
  #status = 0;
  #killing: Timer | undefined;
  #settle: (status: number) => void = () => undefined;

  /** Starts all commands. Throws a SystemError if no more pipes can be created. */
  constructor({ pipes, commands }: PipedLine, options: DpipeOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    leadGroup();
    // Installed before the commands start, since they may send signals.
    process.on('SIGTERM', () => this.#terminate());
    for (const signal of forwarded) process.on(signal, () => this.#forward(signal));
    const made = openPipes(pipes);
    for (const [i, command] of commands.entries()) this.#start(command, made, i === commands.length - 1);
    closePipes(made);
  }

  #forward(signal: NodeJS.Signals): void {
    // The terminal has already sent the signal to the whole group.
    if ((signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground()) return;
    for (const child of this.#running) child.kill(signal);
  }

  /** Ends the commands, and kills them if that takes too long. */
  #terminate(): void {
    if (this.#running.size === 0) {
      this.#settle(0);
      return;
    }
    if (this.#killing) return;
    this.#killing = this.#options.clock.after(endLimit, () => {
      // Also kills the processes that the commands started. Three rounds reach those that are started meanwhile.
      for (let round = 0; round < 3; round++) killOthersInGroup();
    });
    // The group contains the commands, the processes they started, and this process, which gets the signal again.
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
      // A command that cannot be started counts as ended. Its `error` event comes only after all commands have been started.
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
 * Starts all commands except the last, and replaces this process with the last one, so that there are only as many processes as commands.
 * When that process has ended, the files in `remove` are removed. Returns an exit status only if the last command cannot be started.
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

/**
 * Returns true if there is no such command. An unsearchable directory in PATH causes EACCES for every name, so EACCES may also mean that.
 * [execvp(3)]
 */
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

/**
 * Starts a shell that removes the files later. It waits until a pipe is closed whose other end this process keeps open. The program that
 * replaces this process inherits that end.
 */
function removeAfterwards(files: readonly string[]): void {
  const { read, write } = openPipe();
  const script = 'read -r _; rm -f -- "$@"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...files], { stdio: [read, 'ignore', 'ignore'], cwd: '/', detached: true });
  child.on('error', () => undefined);
  closeSync(read);
  keepOpen(write);
}
