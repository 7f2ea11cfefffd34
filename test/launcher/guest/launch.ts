import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A process that runs launch-process.ts. */
export interface Launched {
  /** Resolves to its output. */
  readonly answer: Promise<Record<string, unknown>>;
  /** Returns its output to standard error so far. */
  log(): string;
  /** Kills it by SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Its exit status. */
  readonly status: Promise<number | null>;
}

/** Runs launch-process.ts with these arguments; as `nobody`, in an empty home, when `unprivileged`. It is killed when the test ends. */
export function launch(args: readonly string[], options: { unprivileged?: boolean; env?: Record<string, string> } = {}): Launched {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const node = [process.execPath, '--import', here('../../typescript.mjs'), here('./launch-process.ts'), ...args];
  const nobody = options.unprivileged === true && process.getuid?.() === 0;
  const command = nobody ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...node] : node;
  const env = { ...(options.unprivileged === true ? { PATH: process.env['PATH'], HOME: '/nonexistent' } : process.env), ...options.env };
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line) as Record<string, unknown>));
    child.once('close', () => reject(new Error(`it said nothing: ${log}`)));
  });
  answer.catch(() => undefined);
  return { answer, log: () => log, kill, status: ended.then(([status]) => status) };
}
