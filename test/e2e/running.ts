import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a process ended. */
export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningOptions {
  /** More environment, or less where undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The directory it runs in. Default: that of the test. */
  readonly cwd?: string;
  /** Standard output is not lines: it is left to `stdout`. Default: false. */
  readonly binary?: boolean;
  /** The process makes a group of its own, which must be ended as a whole. Default: false. */
  readonly group?: boolean;
}

interface Wait {
  readonly pattern?: RegExp;
  /** How long to wait, in milliseconds. Default: 20,000. */
  readonly timeout?: number;
  /** Which line to begin with. Default: the first. */
  readonly from?: number;
}

/** A line of a log that is JSON. */
export type Logged = Readonly<Record<string, unknown>>;

/** A process that a test has started, and all that it says. */
export class Running {
  readonly pid: number;
  readonly command: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** All lines so far, of standard output and standard error. */
  readonly lines: string[] = [];
  /** Settles when it has ended and all it said is in `lines`. */
  readonly exit: Promise<Exit>;
  readonly #group: boolean;
  readonly #watchers = new Set<() => void>();
  #ended: Exit | undefined;

  constructor([program = '', ...args]: readonly string[], { env = {}, cwd, binary = false, group = false }: RunningOptions = {}) {
    const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment(env),
      cwd,
    });
    this.pid = child.pid ?? 0;
    this.command = [program, ...args].join(' ');
    this.#group = group;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    child.stdin.on('error', () => undefined); // it may end before it has read all
    if (!binary) this.#collect(child.stdout);
    this.#collect(child.stderr);
    this.exit = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.#ended = exit;
        this.#changed();
        resolve(exit);
      };
      child.once('error', (error) => {
        this.lines.push(error.message);
        end({ status: null, signal: null });
      });
      child.once('close', (status: number | null, signal: NodeJS.Signals | null) => end({ status, signal }));
    });
  }

  /** How it has ended; undefined while it runs. */
  get ended(): Exit | undefined {
    return this.#ended;
  }

  /** Returns the first line that matches, come or to come. Throws when the process ends before, or the time is over, with all it said. */
  async line(pattern: RegExp, { timeout, from }: Omit<Wait, 'pattern'> = {}): Promise<RegExpExecArray> {
    return this.#find((line) => pattern.exec(line) ?? undefined, String(pattern), { timeout: timeout ?? 20_000, from: from ?? 0 });
  }

  /** Returns the first line of JSON that has these fields, come or to come. Throws like line(). */
  async logged(fields: Logged, { timeout, from }: Omit<Wait, 'pattern'> = {}): Promise<Logged> {
    const match = (line: string): Logged | undefined => {
      const logged = parseLogged(line);
      return logged && Object.entries(fields).every(([name, value]) => logged[name] === value) ? logged : undefined;
    };
    return this.#find(match, JSON.stringify(fields), { timeout: timeout ?? 20_000, from: from ?? 0 });
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ended !== undefined) return;
    try {
      process.kill(this.#group ? -this.pid : this.pid, signal);
    } catch (error) {
      // It is gone, and that has not been told yet.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  /** Ends it, and returns how it did. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return this.exit;
  }

  #collect(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      this.#changed();
    });
    stream.once('end', () => {
      if (rest !== '') this.lines.push(rest);
    });
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #find<Found>(match: (line: string) => Found | undefined, what: string, wait: { timeout: number; from: number }): Promise<Found> {
    let next = wait.from;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#watchers.delete(look);
        clearTimeout(timer);
        settle();
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`${this.command}: ${why} ${what}; it said:\n${this.lines.slice(-30).join('\n')}`)));
      const timer = setTimeout(() => fail(`no line in ${wait.timeout} ms with`), wait.timeout);
      const look = (): void => {
        for (; next < this.lines.length; next++) {
          const found = match(this.lines[next] ?? '');
          if (found === undefined) continue;
          finish(() => resolve(found));
          return;
        }
        if (this.#ended !== undefined) fail(`it ended (${JSON.stringify(this.#ended)}) without`);
      };
      this.#watchers.add(look);
      look();
    });
  }
}

/** Returns a line of a log as the object that it is; undefined for any other line. */
export function parseLogged(line: string): Logged | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Logged;
  } catch {
    return undefined;
  }
}

function environment(more: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  // Without variables that would make our own processes behave otherwise than a user's; and daemons' programs are not in every PATH.
  const neutral = { NODE_OPTIONS: undefined, ETHERLOOM_LOG: undefined, XDG_RUNTIME_DIR: undefined, PATH: searchPath };
  return { ...process.env, ...neutral, ...more };
}

/** Where programs are looked for. */
export const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
