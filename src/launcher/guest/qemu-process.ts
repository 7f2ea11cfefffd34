import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EtherloomError } from '../../errors.ts';
import { asCalled } from '../../system/caller.ts';
import { identifyProcess, isAlive, signalProcess, type ProcessIdentity } from './process-identity.ts';
import { Qmp } from './qmp.ts';

/** A QEMU that this process has started. */
export interface StartedQemu {
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
}

/**
 * Starts QEMU in its own session, with its output in the file `log`. It shares nothing with this process, so it outlives it. Only the user
 * can access its files and sockets. It inherits the open files `inherited`, from descriptor 3 on. Throws EtherloomError('refused') if it
 * cannot be run or ends at once.
 */
export function startQemu(
  program: string,
  args: readonly string[],
  { log, cwd, inherited = [] }: { log: string; cwd: string; inherited?: readonly number[] },
): StartedQemu {
  const fd = openSync(log, 'w', 0o600);
  const umask = process.umask(0o077);
  try {
    const child = spawn(...asCalled(program, args), { cwd, detached: true, stdio: ['ignore', fd, fd, ...inherited] });
    // If the program is missing, there is no pid, and also an `error` event, which must have a listener.
    child.on('error', () => undefined);
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (identity === undefined) throw new EtherloomError('refused', `${program} cannot be run: ${lastLinesOf(log).join(' ')}`);
    child.unref();
    return { identity, child };
  } finally {
    process.umask(umask);
    closeSync(fd);
  }
}

/**
 * Ends a QEMU by its own `quit`, then by SIGTERM, then by SIGKILL, with two seconds for each. `qmp` is an open connection or the path of
 * the socket. Throws EtherloomError('timed-out') if QEMU lives even then.
 */
export async function stopQemu(identity: ProcessIdentity, qmp: Qmp | string): Promise<void> {
  if (!isAlive(identity)) return;
  // If QEMU hangs and does not answer, the signals end it.
  const asked = quit(qmp).then(
    () => true,
    () => false,
  );
  const agrees = await Promise.race([asked, delay(2000, false, { ref: false })]);
  if (agrees && (await hasEnded(identity))) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalProcess(identity, signal);
    if (await hasEnded(identity)) return;
  }
  throw new EtherloomError('timed-out', `process ${identity.pid} (QEMU) did not end after SIGKILL; look at its state with ps`);
}

/** Returns the last five lines of a text file, without empty ones. Returns no lines if the file cannot be read. */
export function lastLinesOf(path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-5);
  } catch {
    return [];
  }
}

async function quit(qmp: Qmp | string): Promise<void> {
  if (typeof qmp !== 'string') {
    await qmp.execute('quit');
    return;
  }
  using opened = await Qmp.open(qmp, { timeout: 2000 });
  await opened.execute('quit');
}

// Polls for the end of a process, since the system reports only the end of children, and this one may not be a child.
async function hasEnded(identity: ProcessIdentity): Promise<boolean> {
  for (let waited = 0; waited < 2000; waited += 20) {
    if (!isAlive(identity)) return true;
    await delay(20);
  }
  return !isAlive(identity);
}
