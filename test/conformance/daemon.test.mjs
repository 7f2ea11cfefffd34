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

/** Returns the fields of /proc/PID/stat after the name: state, parent, group, session, terminal. */
const statOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');

t.test('daemon-serves: the command returns when the switch serves', async (t) => {
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
  t.test(`daemon-option[${form}]: is the same as -d`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const pidfile = join(directory, '..', 'pid');
    t.equal((await run('-s', directory, form, '-p', pidfile)).code, 0);
    await until(() => existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== '', join(directory, '..'));
    const pid = Number(readFileSync(pidfile, 'utf8'));
    t.teardown(() => process.kill(pid, 'SIGKILL'));
    await Client.joined(t, directory);
  });
}

t.test("daemon-name: the process has the switch's name", async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'vde_switch\n');
  const { stdout } = spawnSync('pgrep', ['-x', 'vde_switch'], { encoding: 'utf8' });
  t.ok(stdout.split('\n').includes(String(pid)), 'as pgrep -x looks for it');
});

t.test('daemon-session: it has a session of its own, and no terminal', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  const [, , , session, terminal] = statOf(pid);
  t.not(Number(session), Number(statOf(process.pid)[3]));
  t.equal(Number(terminal), 0);
});

t.test('daemon-streams: its standard input, output and error are /dev/null', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  for (const fd of [0, 1, 2]) t.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null', `descriptor ${fd}`);
});

t.test('daemon-descriptors: it inherits no descriptors', async (t) => {
  const directory = join(scratch(t), 'sw');
  // The output of `run` is read to its end, which comes only when no process holds it.
  const { code } = await startDaemon(t, directory);
  t.equal(code, 0);
});

t.test('daemon-directory: it leaves the directory it was started in', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { pid } = await startDaemon(t, directory);
  // When it serves it has been wherever it goes.
  await Client.joined(t, directory);
  t.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
});

t.test('daemon-relative: paths are relative to where it was started', async (t) => {
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
  t.test(`daemon-ends[${signal}]: ends it, and nothing is left`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const { pid, pidfile } = await startDaemon(t, directory);
    process.kill(pid, signal);
    await until(() => !isAlive(pid), join(directory, '..'));
    t.notOk(existsSync(directory));
    t.notOk(existsSync(pidfile));
  });
}

t.test('daemon-hangup: SIGHUP does not end it', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { pid } = await startDaemon(t, directory);
  process.kill(pid, 'SIGHUP');
  await Client.joined(t, directory);
  process.kill(pid, 'SIGHUP');
  await Client.joined(t, directory);
  t.ok(isAlive(pid));
});

t.test('daemon-start-stop-daemon: start-stop-daemon starts and stops it', async (t) => {
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

t.test('daemon-interfaces: the hook of an interfaces file starts it', { skip: needsGroup }, async (t) => {
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

for (const [key, name, args, expected] of [
  ['in-use', 'a directory that another switch serves', [], 255],
  ['no-group', 'an unknown group', ['-g', 'no-such-group'], 1],
  ['macaddr', 'an invalid address', ['--macaddr', 'zz'], 1],
  ['no-ports', 'no ports', ['-n', '0'], 1],
  ['operand', 'an operand', ['operand'], 1],
]) {
  t.test(`daemon-refused[${key}]: ${name} is refused before the command returns`, async (t) => {
    const directory = join(scratch(t), 'sw');
    if (args.length === 0) await startSwitch(t, directory);
    const { code, output } = await run('-s', directory, '-d', ...args);
    t.equal(code, expected);
    t.not(output, '', 'and it is said why');
  });
}

t.test('daemon-no-parent: a directory whose parent is missing is refused before the command returns', async (t) => {
  t.equal((await run('-s', join(scratch(t), 'no', 'sw'), '-d')).code, 255);
});

t.test('daemon-pid-file-exists: an existing pid file is refused before the command returns', async (t) => {
  const directory = scratch(t);
  const pidfile = join(directory, 'pid');
  writeFileSync(pidfile, 'precious');
  const { code, stderr } = await run('-s', join(directory, 'sw'), '-d', '-p', pidfile);
  t.equal(code, 1);
  t.match(stderr, 'Error in pidfile creation: File exists');
  t.equal(readFileSync(pidfile, 'utf8'), 'precious');
});

t.test('daemon-pid-file-no-parent: a pid file in a missing directory is refused before the command returns', async (t) => {
  const parent = scratch(t);
  mkdirSync(join(parent, 'sw'));
  const { code } = await run('-s', join(parent, 'sw'), '-d', '-p', join(parent, 'no', 'pid'));
  t.equal(code, 1);
});

t.test('daemon-leads-session: it leads its session', async (t) => {
  const { pid } = await startDaemon(t, join(scratch(t), 'sw'));
  t.equal(Number(statOf(pid)[3]), pid);
});
