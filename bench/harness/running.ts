import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a process is started. */
export interface RunningOptions {
  /** Its standard output goes nowhere. Default: false. */
  readonly silent?: boolean;
  /** It makes a group of its own, which must be ended as a whole. Default: false. */
  readonly group?: boolean;
}

/** How long a process has to end in order before it is killed, in milliseconds. */
const patience = 3000;

/** How many lines of what it said are kept for a report. */
const keptLines = 200;

/** A process of a benchmark. */
export class Running {
  readonly command: string;
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<number | null>;
  readonly #group: boolean;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #ended = false;

  constructor([program = '', ...args]: readonly string[], title: string, { silent = false, group = false }: RunningOptions = {}) {
    this.command = title;
    this.#group = group;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment() });
    this.pid = this.#child.pid ?? 0;
    this.#child.stdin.on('error', () => undefined); // it may end before it has read all
    if (silent) this.#child.stdout.resume();
    else this.#collect(this.#child.stdout);
    this.#collect(this.#child.stderr);
    this.#exited = new Promise((resolve) => {
      const end = (status: number | null): void => {
        this.#ended = true;
        resolve(status);
        this.#changed();
      };
      this.#child.once('error', (error) => {
        this.#lines.push(error.message);
        end(null);
      });
      this.#child.once('close', end);
    });
  }

  /** True if it has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The last that it said, for a report. */
  get said(): string {
    return this.#lines.slice(-20).join('\n');
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Ends its standard input. */
  writeEnd(): void {
    this.#child.stdin.end();
  }

  /** Returns the first line that matches, come or to come. Throws when the process ends before, or after `timeout` seconds. */
  line(pattern: RegExp, timeout = 30): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        then();
      };
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${this.command}: ${why} ${String(pattern)}; it said:\n${this.said}`)));
      const timer = setTimeout(() => fail(`no line in ${timeout} s like`), timeout * 1000);
      const look = (): void => {
        const match = this.#lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (match) settle(() => resolve(match));
        else if (this.#ended) fail('it ended without a line like');
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits for its end, at most `timeout` seconds, and returns its exit status. Throws when it takes longer. */
  async exit(timeout: number): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.command}: still there after ${timeout} s; it said:\n${this.said}`)),
        timeout * 1000,
      );
    });
    try {
      return await Promise.race([this.#exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it. */
  async end(): Promise<void> {
    if (this.#ended) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), patience);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await exited;
    clearTimeout(timer);
    // Its own children may hold the pipes for longer.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#group ? -this.pid : this.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }

  #collect(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#lines.splice(0, this.#lines.length - keptLines);
      this.#changed();
    });
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Without variables that would make a process behave otherwise than a user's; and daemons' programs are not in every PATH. */
function environment(): NodeJS.ProcessEnv {
  const neutral = { NODE_OPTIONS: undefined, ETHERLOOM_LOG: undefined, ETHERLOOM_POISON: undefined, XDG_RUNTIME_DIR: undefined };
  return { ...process.env, ...neutral, PATH: searchPath };
}

/** Where programs are looked for. */
export const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
