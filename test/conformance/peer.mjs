/**
 * The parts of a black-box test of a `vde_switch`: the switch as a process, and its clients. It knows the executable named by VDE_SWITCH,
 * and not how that is made.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patience, until, within } from './until.mjs';

export { bindOnly, Client, everybody, frame, numbered, portOf, portWord, request1, request3, tagged } from './client.mjs';
export { patience, pause, soon, until, within } from './until.mjs';

/** The switch that is tested. */
export const executable = process.env.VDE_SWITCH ?? 'vde_switch';

/** The other implementation, for switches that meet; undefined when there is none. */
export const otherExecutable = process.env.VDE_SWITCH_OTHER;

/** Why checks that act as several users, or give files away, are skipped; false when this user may do so. */
export const needsRoot = process.getuid() === 0 ? false : 'only root can act as other users';

/** The name of the user who runs the checks, as a switch shows it: a number where the user has no name. */
export const ownName = nameOf('passwd', process.getuid()) ?? String(process.getuid());

/** A group that this user may give files to, other than the group they have anyway; undefined where there is none. */
export const otherGroup = (process.getuid() === 0 ? [1] : process.getgroups())
  .filter((gid) => gid !== process.getgid())
  .map((gid) => ({ gid, name: nameOf('group', gid) }))
  .find(({ name }) => name !== undefined);

/** Why checks of `-g` are skipped; false when this user has a group for them. */
export const needsGroup = otherGroup === undefined && 'this user is in one group, and only root can use others';

/** Returns the name that a file of the system gives a number, in the first and the third of its fields. */
function nameOf(file, number) {
  const lines = readFileSync(`/etc/${file}`, 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find(([, , id]) => id === String(number))?.[0];
}

/** Users that every system has. */
export const daemonUser = { uid: 1, gid: 1 };
export const nobodyUser = { uid: 65534, gid: 65534 };

/** Returns a scratch directory that is removed with the test. Other users may look into it. */
export function scratch(t) {
  const directory = mkdtempSync(join(tmpdir(), 'vc-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs the switch to its end; for what it refuses. A last argument that is no text is options: `cwd`, `env`, `input` for its standard input. */
export function run(...args) {
  const { input, ...options } = typeof args.at(-1) === 'object' ? args.pop() : {};
  return new Promise((resolve) => {
    const child = spawn(executable, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdin.on('error', () => undefined);
    if (input !== undefined) child.stdin.end(input);
    const limit = setTimeout(() => child.kill('SIGKILL'), patience * 2);
    child.on('error', () => undefined);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr, output: stdout + stderr });
    });
  });
}

/**
 * Starts a switch on `directory` and waits for its control socket. Its standard input stays open. A last argument that is no text is
 * options: `program` to be started instead, and those of `spawn`.
 */
export async function startSwitch(t, directory, ...args) {
  const { program = executable, ...options } = typeof args.at(-1) === 'object' ? args.pop() : {};
  const one = spawnSwitch(program, ['-s', directory, ...args], options);
  t.teardown(() => one.end('SIGKILL'));
  await until(
    () => {
      if (one.over) throw new Error(`the switch ended: ${one.log()}`);
      return accepts(join(directory, 'ctl'));
    },
    join(directory, '..'),
    () => `the switch does not serve ${directory}: ${one.log()}`,
    patience * 3,
  );
  return one;
}

/** Starts a switch with these arguments and waits for nothing. */
export function spawnSwitch(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let log = '';
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve({ code: -1, signal: null }));
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const one = {
    child,
    over: false,
    output: '',
    pid: child.pid,
    get ended() {
      return within(ended, () => `the switch did not end: ${log}`);
    },
  };
  child.stderr.on('data', (chunk) => (log += chunk));
  child.stdout.on('data', (chunk) => {
    one.output += chunk;
    one.heard?.();
  });
  child.stdin.on('error', () => undefined);
  void ended.then(() => {
    one.over = true;
    one.heard?.();
  });
  one.log = () => log;
  one.end = (signal) => {
    child.kill(signal);
    return one.ended;
  };
  one.command = (line) => command(one, line);
  return one;
}

/** Says a line to the console on standard input, and returns what it answers, up to its status. */
async function command(one, line) {
  one.output = '';
  one.child.stdin.write(`${line}\n`);
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${line}: ${one.output}`)), patience);
    one.heard = () => {
      if (!/^1\d{3} .*\n/m.test(one.output) && !one.over) return;
      clearTimeout(timer);
      resolve();
    };
    one.heard();
  });
  one.heard = undefined;
  return one.output;
}

/**
 * Returns the directory of a switch that the tests of a file share, if earlier tests do not matter: the first call starts it, and a call
 * that finds it ended starts it anew.
 */
export function sharedSwitch(root, ...args) {
  let one;
  return async () => {
    if (one === undefined || one.over) {
      const directory = join(scratch(root), 'sw');
      one = await startSwitch(root, directory, ...args);
      one.directory = directory;
    }
    return one.directory;
  };
}

/**
 * Returns whether a process listens on a stream socket, as process `pid` sees it. Looked up, not tried: the original can lose its next
 * client over one that connects and leaves.
 */
export function accepts(path, pid = 'self') {
  const listening = '00010000';
  return readFileSync(`/proc/${pid}/net/unix`, 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === listening);
}
