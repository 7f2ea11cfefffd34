import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Side } from './benchmark.ts';
import type { Running } from './running.ts';
import { programOf, startSwitch, untilAnswers } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** Two switches that are joined over TCP. */
export interface Chain {
  readonly directories: readonly [string, string];
  /** The switches, and all between them. */
  readonly processes: readonly number[];
}

const patience = 10_000;
const host = '127.0.0.1';

/** Joins two switches over TCP on the loopback, as each side does it, and waits for all processes of that. */
export async function startChain(side: Side, workplace: Workplace): Promise<Chain> {
  const port = await freePort();
  return side === 'ours' || workplace.checkouts.peer !== undefined ? linkedChain(side, workplace, port) : pipedChain(side, workplace, port);
}

/** Joins two of our switches by dpipe and two plugs, which are of either side; the processes are those of the plugs, and dpipe's if there is one. */
export async function startPlugs(side: Side, workplace: Workplace): Promise<Chain> {
  const near = await startSwitch('ours', workplace, { name: 'near' });
  const far = await startSwitch('ours', workplace, { name: 'far' });
  const [dpipe, plug] = [programOf(side, workplace, 'dpipe'), programOf(side, workplace, 'vde_plug')];
  const joint = workplace.start([dpipe, plug, near.directory, '=', plug, far.directory], { group: true });
  const processes = (): number[] => [joint.pid, ...descendantsOf(joint.pid)];
  const sockets = (directory: string): number => readdirSync(directory).filter((name) => /^\d{3}\./.test(name)).length;
  await until('both plugs are in', joint, () => [near, far].every(({ directory }) => sockets(directory) === 1));
  return { directories: [near.directory, far.directory], processes: processes() };
}

/** Two of our switches: the one listens, the other dials. */
async function linkedChain(side: Side, workplace: Workplace, port: number): Promise<Chain> {
  const start = async (name: string, address: string): Promise<{ directory: string; pid: number }> => {
    const directory = workplace.path(name);
    const running = workplace.start([programOf(side, workplace, 'etherloom'), 'switch', '--sock', directory, '--port', address]);
    await untilAnswers(running, directory);
    return { directory, pid: running.pid };
  };
  const near = await start('near', `tcp-listen://${host}:${port}`);
  const far = await start('far', `tcp://${host}:${port}`);
  return { directories: [near.directory, far.directory], processes: [near.pid, far.pid] };
}

/** Two of the originals, joined as their manual says: `dpipe vde_plug DIR = nc`. */
async function pipedChain(side: Side, workplace: Workplace, port: number): Promise<Chain> {
  const near = await startSwitch(side, workplace, { name: 'near' });
  const far = await startSwitch(side, workplace, { name: 'far' });
  const listening = workplace.start(['dpipe', 'vde_plug', near.directory, '=', 'nc', '-l', host, String(port)], { group: true });
  await until('nc listens', listening, () => listens(port));
  const dialling = workplace.start(['dpipe', 'vde_plug', far.directory, '=', 'nc', host, String(port)], { group: true });
  const plumbing = (): number[] => [listening, dialling].flatMap(({ pid }) => [pid, ...descendantsOf(pid)]);
  const all = 6; // each dpipe with its vde_plug and its nc
  await until('both pipes are laid', dialling, () => plumbing().length >= all || [listening, dialling].every(isReplaced));
  return { directories: [near.directory, far.directory], processes: [near.process.pid, far.process.pid, ...plumbing()] };
}

/** Returns whether dpipe has made way for one of its two programs, and the other is its child. */
function isReplaced({ pid }: Running): boolean {
  return !readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('dpipe') && descendantsOf(pid).length === 1;
}

/** Returns a TCP port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Returns whether a process listens on a TCP port; without connecting, since nc takes one connection only. [proc(5), /proc/net/tcp] */
export function listens(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'utf8').includes(local);
}

/** Returns the processes that a process has started, and what those have. [proc(5), /proc/PID/task/TID/children] */
export function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Returns the children of a process; none if it has ended meanwhile. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Waits until something is so. Throws when the process ends before, or after 10 s. */
export async function until(what: string, running: Running, isSo: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!isSo()) {
    await delay(10);
    if (running.ended || performance.now() > end) throw new Error(`${running.command}: not so in time: ${what}; it said:\n${running.said}`);
  }
}
