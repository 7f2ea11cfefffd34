import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Client, run, scratch, startSwitch, until } from './peer.mjs';

const mode = (path) => (statSync(path).mode & 0o7777).toString(8);

for (const [args, directoryMode, controlMode] of [
  [[], '2700', '600'],
  [['-m', '666'], '2777', '666'],
  [['-m', '660'], '2770', '660'],
  [['-m', '644'], '2755', '644'],
  [['--dirmode', '755'], '755', '644'],
  [['--dirmode', '2770'], '2770', '660'],
  [['-m', '660', '--dirmode', '700'], '700', '660'],
]) {
  t.test(`modes with ${args.join(' ') || 'no option'}`, async (t) => {
    const directory = join(scratch(t), 'sw');
    await startSwitch(t, directory, ...args);
    t.equal(mode(directory), directoryMode, 'directory');
    t.equal(mode(join(directory, 'ctl')), controlMode, 'ctl');
  });
}

t.test('an existing directory is taken', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  await startSwitch(t, directory);
  t.equal(mode(directory), '2700');
});

t.test('a directory whose parent is missing is refused', async (t) => {
  const { code } = await run('-s', join(scratch(t), 'no', 'sw'));
  t.equal(code, 255);
});

t.test('a regular file is refused', async (t) => {
  const file = join(scratch(t), 'file');
  writeFileSync(file, 'precious');
  const { code } = await run('-s', file);
  t.equal(code, 255);
  t.ok(lstatSync(file).isFile(), 'and stays');
});

t.test('a second switch on one directory is refused, the first lives', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const { code } = await run('-s', directory);
  t.equal(code, 255);
  const client = await Client.open(t, directory);
  t.ok(await client.join());
});

t.test('what a killed switch left is taken over', async (t) => {
  const directory = join(scratch(t), 'sw');
  const first = await startSwitch(t, directory);
  await first.end('SIGKILL');
  t.ok(existsSync(join(directory, 'ctl')), 'it left its ctl');
  await startSwitch(t, directory);
  const client = await Client.open(t, directory);
  t.ok(await client.join());
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  t.test(`${signal} ends it and leaves nothing`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const one = await startSwitch(t, directory);
    const { code, signal: by } = await one.end(signal);
    t.ok(code === 0 || by === signal, `code ${code}, signal ${by}`);
    t.notOk(existsSync(directory));
  });
}

t.test('the end of standard input ends it', async (t) => {
  const directory = join(scratch(t), 'sw');
  const one = await startSwitch(t, directory);
  one.child.stdin.end();
  t.same(await one.ended, { code: 0, signal: null });
  t.notOk(existsSync(directory));
});

t.test('a port has a socket while its client lives', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const client = await Client.open(t, directory);
  const path = await client.join();
  t.match(path, new RegExp(`^${directory}/001\\.\\d+$`), 'named for port and number');
  t.ok(lstatSync(path).isSocket());
  client.close();
  await until(() => !existsSync(path), directory);
  t.notOk(readdirSync(directory).some((name) => name.startsWith('001')));
});

t.test('the pid file', async (t) => {
  const directory = scratch(t);
  const pidfile = join(directory, 'pid');
  const one = await startSwitch(t, join(directory, 'sw'), '-p', pidfile);
  await until(() => existsSync(pidfile), directory);
  t.equal(mode(pidfile), '644');
  const second = await run('-s', join(directory, 'sw2'), '-p', pidfile);
  t.equal(second.code, 1, 'an existing one is refused');
  t.match(second.output, 'Error in pidfile creation: File exists');
  await one.end('SIGTERM');
  t.notOk(existsSync(pidfile), 'it goes with the switch');
});

t.test('options', async (t) => {
  t.equal((await run('--help')).code, 1, '--help exits 1');
  const version = await run('--version');
  t.equal(version.code, 0);
  t.match(version.output, /^VDE 2\.3\.2/);
  t.equal((await run('operand')).code, 1, 'an operand is refused');
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '-mod', '660', '-numports', '4');
  t.equal(mode(join(directory, 'ctl')), '660', 'a long option with one dash');
});
