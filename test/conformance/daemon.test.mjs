/**
 * Black-box tests of `-d`: the switch in the background.
 */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Client, run, scratch, startSwitch, until } from './peer.mjs';

/** Starts a switch in the background, with a pid file, and returns how that ended and the switch's pid. It ends with the test. */
async function startDaemon(t, directory, ...args) {
  const pidfile = join(directory, '..', 'pid');
  const started = await run('-s', directory, '-d', '-p', pidfile, ...args);
  await until(() => existsSync(pidfile) && /^\d+\n$/.test(readFileSync(pidfile, 'utf8')), join(directory, '..'));
  const pid = Number(readFileSync(pidfile, 'utf8'));
  t.teardown(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { ...started, pid, pidfile };
}

function isAlive(pid) {
  try {
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

t.test('daemon: the command returns, and the switch serves', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { code } = await startDaemon(t, directory);
  t.equal(code, 0);
  const client = await Client.open(t, directory);
  t.ok(await client.join());
});

t.test('daemon: it has its name, a session of its own, and no terminal', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'vde_switch\n', 'as pgrep -x looks for it');
  const [, , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  t.equal(Number(session), pid, 'it leads its session');
  for (const fd of [0, 1, 2]) t.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null', `descriptor ${fd}`);
});

t.test('daemon: it does not stay in the directory that it was started in', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
});

t.test('daemon: SIGTERM ends it, and nothing is left', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { pid, pidfile } = await startDaemon(t, directory);
  process.kill(pid, 'SIGTERM');
  await until(() => !isAlive(pid), join(directory, '..'));
  t.notOk(existsSync(directory));
  t.notOk(existsSync(pidfile));
});

t.test('daemon: a directory that another switch serves is refused at once', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const { code } = await run('-s', directory, '-d');
  t.equal(code, 255);
});

t.test('daemon: a pid file that is there is refused before the command returns', async (t) => {
  const directory = scratch(t);
  const pidfile = join(directory, 'pid');
  writeFileSync(pidfile, 'precious');
  const { code } = await run('-s', join(directory, 'sw'), '-d', '-p', pidfile);
  t.equal(code, 1);
  t.equal(readFileSync(pidfile, 'utf8'), 'precious');
});
