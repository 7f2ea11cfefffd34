/**
 * Black-box tests of `-d`: the switch in the background.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Client, everybody, executable, frame, needsGroup, otherGroup, run, scratch, startSwitch, until } from './peer.mjs';

/** Starts a switch in the background, with a pid file, and returns how that ended and the switch's pid. It ends with the test. */
async function startDaemon(t, directory, ...args) {
  const pidfile = join(directory, '..', 'pid');
  const started = await run('-s', directory, '-d', '-p', pidfile, ...args);
  await until(
    () => existsSync(pidfile) && /^\d+\n$/.test(readFileSync(pidfile, 'utf8')),
    join(directory, '..'),
    () => started.output,
  );
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

/** The fields of /proc/PID/stat after the name: state, parent, group, session, terminal. */
const statOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');

t.test('daemon: the command returns, and the switch serves', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { code, stdout } = await startDaemon(t, directory);
  t.equal(code, 0);
  t.equal(stdout, '');
  t.ok(existsSync(join(directory, 'ctl')), 'its sockets are there already');
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  a.send(frame(everybody, '02:00:00:00:00:0a', 66));
  t.equal((await b.receive())?.length, 66);
});

for (const form of ['--daemon', '-daemon', '--dae']) {
  t.test(`daemon: ${form} is it, too`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const pidfile = join(directory, '..', 'pid');
    t.equal((await run('-s', directory, form, '-p', pidfile)).code, 0);
    await until(() => existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== '', join(directory, '..'));
    const pid = Number(readFileSync(pidfile, 'utf8'));
    t.teardown(() => process.kill(pid, 'SIGKILL'));
    await Client.joined(t, directory);
  });
}

t.test('daemon: it is found under its name', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'vde_switch\n');
  const { stdout } = spawnSync('pgrep', ['-x', 'vde_switch'], { encoding: 'utf8' });
  t.ok(stdout.split('\n').includes(String(pid)), 'as pgrep -x looks for it');
});

t.test('daemon: it has a session of its own, and no terminal', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  const [, , , session, terminal] = statOf(pid);
  t.not(Number(session), Number(statOf(process.pid)[3]));
  t.equal(Number(terminal), 0);
});

t.test('daemon: its standard input, output and error are /dev/null', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  for (const fd of [0, 1, 2]) t.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null', `descriptor ${fd}`);
});

t.test('daemon: it holds nothing of who started it', async (t) => {
  const directory = join(scratch(t), 'sw');
  // The output of `run` is read to its end: that comes only when nobody holds it.
  const { code } = await startDaemon(t, directory);
  t.equal(code, 0);
});

t.test('daemon: it does not stay in the directory that it was started in', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { pid } = await startDaemon(t, directory);
  // When it serves it has been wherever it goes.
  await Client.joined(t, directory);
  t.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
});

t.test('daemon: paths are relative to where it was started', async (t) => {
  const parent = realpathSync(scratch(t));
  t.equal((await run('-s', 'sw', '-d', '-p', 'pid', { cwd: parent })).code, 0);
  await until(() => existsSync(join(parent, 'pid')) && readFileSync(join(parent, 'pid'), 'utf8') !== '', parent);
  const pid = Number(readFileSync(join(parent, 'pid'), 'utf8'));
  t.teardown(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  await Client.joined(t, join(parent, 'sw'));
  process.kill(pid, 'SIGTERM');
  await until(() => !isAlive(pid), parent);
  t.notOk(existsSync(join(parent, 'pid')));
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  t.test(`daemon: ${signal} ends it, and nothing is left`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const { pid, pidfile } = await startDaemon(t, directory);
    process.kill(pid, signal);
    await until(() => !isAlive(pid), join(directory, '..'));
    t.notOk(existsSync(directory));
    t.notOk(existsSync(pidfile));
  });
}

t.test('daemon: SIGHUP does not end it', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { pid } = await startDaemon(t, directory);
  process.kill(pid, 'SIGHUP');
  await Client.joined(t, directory);
  process.kill(pid, 'SIGHUP');
  await Client.joined(t, directory);
  t.ok(isAlive(pid));
});

t.test('daemon: start-stop-daemon starts and stops it', async (t) => {
  const parent = scratch(t);
  const [directory, pidfile] = [join(parent, 'sw'), join(parent, 'pid')];
  const started = spawnSync(
    'start-stop-daemon',
    ['--start', '--quiet', '--pidfile', pidfile, '--exec', executable, '--', '-s', directory, '-d', '-p', pidfile],
    {
      encoding: 'utf8',
    },
  );
  t.equal(started.status, 0, started.stderr);
  await until(() => existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== '', parent);
  const pid = Number(readFileSync(pidfile, 'utf8'));
  t.teardown(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  await Client.joined(t, directory);
  const stopped = spawnSync('start-stop-daemon', ['--stop', '--quiet', '--name', 'vde_switch', '--pidfile', pidfile, '--retry', '5'], {
    encoding: 'utf8',
  });
  t.equal(stopped.status, 0, stopped.stderr);
  t.notOk(isAlive(pid));
});

t.test('daemon: the hook of an interfaces file starts it', { skip: needsGroup }, async (t) => {
  const parent = scratch(t);
  const [directory, pidfile] = [join(parent, 'sw'), join(parent, 'pid')];
  const options = ['-M', join(parent, 'mgmt'), '-p', pidfile, '-m', '660', '-g', otherGroup.name];
  const { code, output } = await run('-s', directory, ...options, '-d');
  t.equal(code, 0, output);
  await until(() => existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== '', parent);
  const pid = Number(readFileSync(pidfile, 'utf8'));
  t.teardown(() => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  t.equal((statSync(join(directory, 'ctl')).mode & 0o777).toString(8), '660');
  await until(() => existsSync(join(parent, 'mgmt')), parent);
  t.ok(statSync(join(parent, 'mgmt')).isSocket());
});

for (const [name, args, expected] of [
  ['a directory that another switch serves', [], 255],
  ['a group that is not there', ['-g', 'no-such-group'], 1],
  ['an address that is none', ['--macaddr', 'zz'], 1],
  ['no ports', ['-n', '0'], 1],
  ['an operand', ['operand'], 1],
]) {
  t.test(`daemon: ${name} is refused before the command returns`, async (t) => {
    const directory = join(scratch(t), 'sw');
    if (args.length === 0) await startSwitch(t, directory);
    const { code, output } = await run('-s', directory, '-d', ...args);
    t.equal(code, expected);
    t.not(output, '', 'and it is said why');
  });
}

t.test('daemon: a directory whose parent is missing is refused before the command returns', async (t) => {
  t.equal((await run('-s', join(scratch(t), 'no', 'sw'), '-d')).code, 255);
});

t.test('daemon: a pid file that is there is refused before the command returns', async (t) => {
  const directory = scratch(t);
  const pidfile = join(directory, 'pid');
  writeFileSync(pidfile, 'precious');
  const { code, stderr } = await run('-s', join(directory, 'sw'), '-d', '-p', pidfile);
  t.equal(code, 1);
  t.match(stderr, 'Error in pidfile creation: File exists');
  t.equal(readFileSync(pidfile, 'utf8'), 'precious');
});

t.test('daemon: a pid file without a directory is refused before the command returns', async (t) => {
  const parent = scratch(t);
  mkdirSync(join(parent, 'sw'));
  const { code } = await run('-s', join(parent, 'sw'), '-d', '-p', join(parent, 'no', 'pid'));
  t.equal(code, 1);
});

t.test('daemon: it leads its session', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(Number(statOf(pid)[3]), pid);
});
