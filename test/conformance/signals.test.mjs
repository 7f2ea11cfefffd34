/**
 * Black-box tests of how a switch in the foreground ends: by signals, by its standard input, by what it cannot start with.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Client, everybody, executable, frame, run, scratch, spawnSwitch, startSwitch, until } from './peer.mjs';

/** Returns a switch of the test's own, which is known to serve. */
async function own(t, ...args) {
  const parent = scratch(t);
  const directory = join(parent, 'sw');
  const one = await startSwitch(t, directory, ...args);
  await Client.joined(t, directory);
  return { parent, directory, one };
}

for (const [signal, end] of [
  ['SIGTERM', { code: 0, signal: null }],
  ['SIGINT', { code: null, signal: 'SIGINT' }],
]) {
  t.test(`signals-ends[${signal}]: ends it by ${end.signal ?? 'exit code 0'}`, async (t) => {
    const { one } = await own(t);
    t.same(await one.end(signal), end);
  });
}

for (const signal of [
  'SIGHUP',
  'SIGPIPE',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGCHLD',
  'SIGWINCH',
  'SIGCONT',
  'SIGURG',
]) {
  t.test(`signals-ignored[${signal}]: does not end it`, async (t) => {
    const { directory, one } = await own(t);
    one.child.kill(signal);
    const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
    a.send(frame(everybody, '02:00:00:00:00:0a', 66));
    t.equal((await b.receive())?.length, 66);
    one.child.kill(signal);
    await Client.joined(t, directory);
    t.notOk(one.over);
    t.notMatch(one.log(), /debugger/i, 'nor opens it to anybody');
  });
}

t.test('signals-kill: SIGKILL ends it', async (t) => {
  const { directory, one } = await own(t);
  t.same(await one.end('SIGKILL'), { code: null, signal: 'SIGKILL' });
  t.ok(existsSync(join(directory, 'ctl')), 'it had no time to remove anything');
});

t.test('signals-twice: two signals at once end it once', async (t) => {
  const { one } = await own(t);
  one.child.kill('SIGTERM');
  t.same(await one.end('SIGTERM'), { code: 0, signal: null });
});

t.test('input-end: the end of standard input ends it with exit code 0', async (t) => {
  const { directory, one, parent } = await own(t, '-p', 'pid', { cwd: scratch(t) });
  one.child.stdin.end();
  t.same(await one.ended, { code: 0, signal: null });
  await until(() => !existsSync(join(directory, 'ctl')), parent);
  t.notOk(existsSync(join(directory, 'ctl')));
});

t.test('input-closed: without standard input it ends at once', async (t) => {
  const directory = join(scratch(t), 'sw');
  t.equal((await run('-s', directory, { input: '' })).code, 0);
  t.notOk(existsSync(directory));
});

t.test('input-null: /dev/null as standard input ends it at once', async (t) => {
  const directory = join(scratch(t), 'sw');
  const one = spawnSwitch('sh', ['-c', 'exec "$@" </dev/null', 'sh', executable, '-s', directory]);
  t.same(await one.ended, { code: 0, signal: null });
});

t.test('input-open: while standard input is open the switch serves', async (t) => {
  const { directory, one } = await own(t, '--dirmode', '0700');
  one.child.stdin.write('\n');
  await Client.joined(t, directory);
  t.notOk(one.over);
});

t.test('pidfile-pid: it holds the pid and a line end', async (t) => {
  const parent = scratch(t);
  const one = await startSwitch(t, join(parent, 'sw'), '-p', join(parent, 'pid'));
  await until(() => existsSync(join(parent, 'pid')) && statSync(join(parent, 'pid')).size > 0, parent);
  t.equal(readFileSync(join(parent, 'pid'), 'utf8'), `${one.pid}\n`);
});

for (const umask of ['022', '000']) {
  t.test(`pidfile-umask[${umask}]: with umask ${umask} its mode is 644`, async (t) => {
    const parent = scratch(t);
    const args = ['-s', join(parent, 'sw'), '--pidfile', join(parent, 'pid')];
    const one = spawnSwitch('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', executable, ...args]);
    t.teardown(() => one.end('SIGKILL'));
    await until(
      () => existsSync(join(parent, 'pid')),
      parent,
      () => one.log(),
    );
    t.equal((statSync(join(parent, 'pid')).mode & 0o7777).toString(8), '644');
  });
}

for (const [key, name, end] of [
  ['SIGTERM', 'SIGTERM', (one) => one.end('SIGTERM')],
  ['SIGINT', 'SIGINT', (one) => one.end('SIGINT')],
  ['stdin', 'the end of standard input', (one) => (one.child.stdin.end(), one.ended)],
]) {
  t.test(`pidfile-removed[${key}]: it is removed at ${name}`, async (t) => {
    const parent = scratch(t);
    const one = await startSwitch(t, join(parent, 'sw'), '-p', join(parent, 'pid'));
    await until(() => existsSync(join(parent, 'pid')), parent);
    await Client.joined(t, join(parent, 'sw'));
    await end(one);
    t.notOk(existsSync(join(parent, 'pid')));
  });
}

t.test('pidfile-relative: a relative path is relative to where the switch was started', async (t) => {
  const parent = scratch(t);
  const one = await startSwitch(t, join(parent, 'sw'), '-p', 'pid', { cwd: parent });
  await until(() => existsSync(join(parent, 'pid')), parent);
  await Client.joined(t, join(parent, 'sw'));
  await one.end('SIGTERM');
  t.notOk(existsSync(join(parent, 'pid')));
});

for (const [key, name, make] of [
  ['file', 'a file', (path) => writeFileSync(path, 'precious')],
  ['directory', 'a directory', (path) => mkdirSync(path)],
]) {
  t.test(`pidfile-occupied[${key}]: ${name} in its place is refused, and nothing is left of the switch`, async (t) => {
    const parent = scratch(t);
    make(join(parent, 'pid'));
    const { code, stderr } = await run('-s', join(parent, 'sw'), '-p', join(parent, 'pid'));
    t.equal(code, 1);
    t.match(stderr, 'Error in pidfile creation: File exists');
    t.notOk(existsSync(join(parent, 'sw')));
    t.ok(existsSync(join(parent, 'pid')), 'it stays');
  });
}

t.test('pidfile-killed: the pid file of a killed switch is replaced, each time', async (t) => {
  const parent = scratch(t);
  const [directory, pidfile] = [join(parent, 'sw'), join(parent, 'pid')];
  for (let i = 0; i < 3; i++) {
    const one = await startSwitch(t, directory, '-p', pidfile);
    await Client.joined(t, directory);
    t.equal(readFileSync(pidfile, 'utf8'), `${one.pid}\n`);
    await one.end('SIGKILL');
  }
});

t.test('pidfile-no-switch: the pid file of a process other than a switch is replaced', async (t) => {
  const parent = scratch(t);
  writeFileSync(join(parent, 'pid'), `${process.pid}\n`);
  const one = await startSwitch(t, join(parent, 'sw'), '-p', join(parent, 'pid'));
  await Client.joined(t, join(parent, 'sw'));
  t.equal(readFileSync(join(parent, 'pid'), 'utf8'), `${one.pid}\n`);
});

for (const [key, name, args] of [
  ['locked', 'with a lock on its pid file', (pidfile) => ['-p', pidfile]],
  ['unlocked', 'whose number another program wrote', () => []],
]) {
  t.test(`pidfile-running[${key}]: the pid file of a running switch, ${name}, is refused and stays`, async (t) => {
    const parent = scratch(t);
    const pidfile = join(parent, 'pid');
    const first = await startSwitch(t, join(parent, 'first'), ...args(pidfile));
    if (args(pidfile).length === 0) writeFileSync(pidfile, `${first.pid}\n`);
    await until(() => existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== '', parent, first.log);
    const { code, stderr } = await run('-s', join(parent, 'second'), '-p', pidfile);
    t.equal(code, 1);
    t.match(stderr, 'Error in pidfile creation: File exists');
    t.equal(readFileSync(pidfile, 'utf8'), `${first.pid}\n`);
  });
}

t.test('pidfile-no-parent: a pid file in a missing directory is refused', async (t) => {
  const parent = scratch(t);
  const { code, stderr } = await run('-s', join(parent, 'sw'), '-p', join(parent, 'no', 'pid'));
  t.equal(code, 1);
  t.match(stderr, 'Error in pidfile creation: No such file or directory');
});

t.test('pidfile-no-start: a switch that could not start leaves no pid file', async (t) => {
  const { directory, parent } = await own(t);
  t.equal((await run('-s', directory, '-p', join(parent, 'pid'))).code, 255);
  t.notOk(existsSync(join(parent, 'pid')));
});
