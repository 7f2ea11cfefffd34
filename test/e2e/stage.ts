import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { missing, type Need } from './peers.ts';
import { Running, type Exit, type RunningOptions } from './running.ts';

/** The output of a command, and its end. */
export interface Output extends Exit {
  /** Standard output and standard error. */
  readonly text: string;
}

/** The tools of old names. */
type Companion =
  'vde_plug' | 'vde_plug2tap' | 'slirpvde' | 'vde_autolink' | 'dpipe' | 'wirefilter' | 'vdecmd' | 'unixcmd' | 'unixterm' | 'vdeterm';

/** Our executables, as `npm run build` made them. */
export const bin = (name: 'etherloom' | 'vde_switch' | Companion): string => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));

/**
 * Returns the stage of a `describe` for scenarios with these needs; if one is missing they are skipped, with the reason. Things on it go
 * when the test ends or, if `shared`, when the last one does. A test that fails shows all output.
 */
export function useStage(needs: readonly Need[], { shared = false }: { shared?: boolean } = {}): Stage {
  const stage = new Stage();
  beforeEach((context) => {
    const reason = missing(needs);
    if (reason !== undefined) context.skip(reason);
    context.onTestFailed(() => void process.stderr.write(stage.report()));
  });
  (shared ? afterAll : afterEach)(async () => stage.clear());
  return stage;
}

/** A directory with a short name, and processes that are to end with the test. */
export class Stage {
  #directory: string | undefined;
  #processes: Running[] = [];
  #told = '';

  /** Returns the path of that name in the stage's directory. */
  path(...names: string[]): string {
    this.#directory ??= mkdtempSync('/tmp/el-');
    return join(this.#directory, ...names);
  }

  /** Returns the words of `etherloom master` on 10.77.0.0/24, with its sockets and its state in the stage. */
  masterWords({ port = 0, sock = 'm', state = 'ms' } = {}): string[] {
    const place = ['--sock', this.path(sock), '--state', this.path(state)];
    return ['master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', ...place];
  }

  /** Starts a process. */
  start(command: readonly string[], options?: RunningOptions): Running {
    const running = new Running(command, options);
    this.#processes.push(running);
    return running;
  }

  /** Starts `etherloom`, in which borrowed frames are overwritten, and returns it when it is ready. */
  async etherloom(...args: string[]): Promise<Running> {
    const running = this.start([bin('etherloom'), ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Starts our vde_switch, in the same way. */
  async vdeSwitch(...args: string[]): Promise<Running> {
    const running = this.start([bin('vde_switch'), ...args], poisoned);
    await running.line(/^ready$/);
    return running;
  }

  /** Runs a command to its end. */
  async run(command: readonly string[], options?: RunningOptions): Promise<Output> {
    const running = this.start(command, options);
    running.stdin.end();
    const exit = await running.exit;
    return { ...exit, text: running.lines.join('\n') };
  }

  /** Returns the output of all processes. */
  report(): string {
    return (
      this.#told +
      this.#processes
        .map(
          ({ command, lines }) =>
            `\n$ ${command}\n${lines
              .slice(-40)
              .map((line) => line.slice(0, 500))
              .join('\n')}\n`,
        )
        .join('')
    );
  }

  /** Ends all that runs, guests that outlived their launchers too, and removes the directory. */
  async clear(): Promise<void> {
    this.#told = this.report();
    for (const running of this.#processes.reverse()) await endSurely(running);
    this.#processes = [];
    if (this.#directory === undefined) return;
    killGuestsIn(this.#directory);
    rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

/**
 * The environment in which received frames are overwritten after each breath, which detects code that keeps one. It has no service manager,
 * though the tests may run under one.
 */
export const poisoned = { env: { ETHERLOOM_POISON: '1', INVOCATION_ID: '', NOTIFY_SOCKET: '' } };

/**
 * Returns a free port of the loopback, with the one above it free too. It is not one of those that the system assigns to dialling
 * sockets, since it could be taken when a listener comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + 2 * Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** Waits until a condition is true, for conditions without an event. Throws after `timeout` milliseconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, timeout = 10_000): Promise<void> {
  const limit = Date.now() + timeout;
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error(`not in ${timeout} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Returns whether a process listens on that port of the loopback, as the kernel reports it: a test by connecting would count as a client.
 */
export function isListening(port: number): boolean {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const listening = '0A';
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, address, , state]) => address === local && state === listening);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function endSurely(running: Running): Promise<void> {
  if (running.ended !== undefined) return;
  running.signal('SIGCONT');
  running.signal('SIGTERM');
  const timer = setTimeout(() => running.signal('SIGKILL'), 5000);
  await running.exit;
  clearTimeout(timer);
}

function killGuestsIn(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('/qemu.pid')) continue;
    const pid = readFileSync(join(directory, name), 'utf8').trim();
    if (spawnSync('grep', ['-q', directory, `/proc/${pid}/cmdline`]).status === 0) process.kill(Number(pid), 'SIGKILL');
  }
}
