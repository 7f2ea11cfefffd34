/** Black-box tests of the directory: its files, their names, owners and permissions. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import {
  Client,
  executable,
  everybody,
  frame,
  needsGroup,
  needsRoot,
  nobodyUser,
  otherGroup,
  portWord,
  run,
  scratch,
  spawnSwitch,
  accepts,
  startSwitch,
  until,
} from './peer.mjs';

const mode = (path) => (statSync(path).mode & 0o7777).toString(8);
const root = needsRoot === false;

for (const [args, directoryMode, controlMode] of [
  [[], '2700', '600'],
  [['-m', '666'], '2777', '666'],
  [['-m', '660'], '2770', '660'],
  [['-m', '600'], '2700', '600'],
  [['-m', '644'], '2755', '644'],
  [['-m', '640'], '2750', '640'],
  [['-m', '622'], '2733', '622'],
  [['-m', '0666'], '2777', '666'],
  [['-m', '777'], '2777', '777'],
  [['--dirmode', '755'], '755', '644'],
  [['--dirmode', '0700'], '700', '600'],
  [['--dirmode', '2770'], '2770', '660'],
  [['--dirmode', '1777'], '1777', '666'],
  [['-m', '660', '--dirmode', '700'], '700', '660'],
]) {
  t.test(`modes-of[${args.join(' ') || 'no option'}]: the directory has mode ${directoryMode}, and ctl ${controlMode}`, async (t) => {
    const directory = join(scratch(t), 'sw');
    await startSwitch(t, directory, ...args);
    t.equal(mode(directory), directoryMode, 'directory');
    t.equal(mode(join(directory, 'ctl')), controlMode, 'ctl');
  });
}

t.test('modes-of-400: with -m 400', async (t) => {
  const directory = join(scratch(t), 'sw');
  if (root) await startSwitch(t, directory, '-m', '400');
  // Other users cannot write to a directory of that mode.
  else t.equal((await run('-s', directory, '-m', '400')).code, 255);
  t.equal(mode(directory), '2500', 'directory');
  t.same(readdirSync(directory), root ? ['ctl'] : []);
  if (root) t.equal(mode(join(directory, 'ctl')), '400', 'ctl');
});

for (const umask of ['077', '000']) {
  t.test(`modes-umask[${umask}]: the umask ${umask} changes no mode`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const one = spawnSwitch('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', executable, '-s', directory, '-m', '660']);
    t.teardown(() => one.end('SIGKILL'));
    await until(() => accepts(join(directory, 'ctl')), dirname(directory));
    t.equal(mode(directory), '2770');
    t.equal(mode(join(directory, 'ctl')), '660');
  });
}

/** Returns a client on a switch with these options, as that user, and what its port's socket is like. */
async function portSocket(t, args, word = 0, user) {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, ...args);
  const client = await Client.joined(t, directory, word, { user });
  const { uid, gid } = statSync(client.port);
  return { mode: mode(client.port), uid, gid, client };
}

for (const [args, word, expected] of [
  [['-m', '600'], 0, '600'],
  [['-m', '660'], 0, root ? '600' : '660'],
  [['-m', '666'], portWord(5), root ? '600' : '666'],
  [['-m', '666'], 1, '600'],
  [['-m', '660', '--mgmtmode', '640'], 1, '640'],
  [['-m', '660', '--mgmtmode', '640'], 0, root ? '600' : '660'],
]) {
  t.test(`modes-port[${args.join(' ')}, word ${word}]: the socket of a port has mode ${expected}`, async (t) => {
    const socket = await portSocket(t, args, word);
    // The original gives number 0 its own after it has replied.
    await until(
      () => mode(socket.client.port) === expected,
      undefined,
      () => `its mode is ${mode(socket.client.port)}`,
    );
    t.equal(socket.uid, process.getuid());
  });
}

t.test('owners-group: -g is the group of the directory and of ctl', { skip: needsGroup }, async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '-m', '660', '-g', otherGroup.name);
  t.equal(mode(directory), '2770');
  t.equal(statSync(directory).gid, otherGroup.gid);
  t.equal(statSync(join(directory, 'ctl')).gid, otherGroup.gid);
  t.equal(statSync(join(directory, 'ctl')).uid, process.getuid());
});

t.test('owners-group-of-ports: -g is the group of the ports, too', { skip: needsGroup }, async (t) => {
  t.equal((await portSocket(t, ['-m', '660', '-g', otherGroup.name])).gid, otherGroup.gid);
});

t.test('owners-mgmtgroup: --mgmtgroup is the group of port 0, and of no other port', { skip: needsGroup }, async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '-m', '660', '--mgmtgroup', otherGroup.name);
  const manager = await Client.joined(t, directory, 1);
  await until(
    () => statSync(manager.port).gid === otherGroup.gid,
    undefined,
    () => `its group is ${statSync(manager.port).gid}`,
  );
  t.equal(statSync((await Client.joined(t, directory, 0)).port).gid, process.getgid());
  t.equal(statSync(directory).gid, process.getgid());
});

t.test("owners-user: the socket of a user's port belongs to the user, who may set its mode", { skip: needsRoot }, async (t) => {
  const socket = await portSocket(t, ['-m', '666'], 0, nobodyUser);
  t.equal(socket.uid, nobodyUser.uid);
  t.equal(socket.gid, 0);
  t.equal(socket.mode, '600');
  socket.client.chmodPort(0o700);
  t.equal(mode(socket.client.port), '700');
});

t.test("owners-user-frames: a user's frames pass, both ways", { skip: needsRoot }, async (t) => {
  const { client } = await portSocket(t, ['-m', '666'], 0, nobodyUser);
  const other = await Client.joined(t, dirname(client.port));
  client.send(frame(everybody, '02:00:00:00:00:0a', 88));
  t.equal((await other.receive())?.length, 88);
  other.send(frame('02:00:00:00:00:0a', '02:00:00:00:00:0b', 89));
  t.equal((await client.receive())?.length, 89);
});

t.test('owners-no-right: a user who may not write to ctl gets no port', { skip: needsRoot }, async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '--dirmode', '755', '-m', '600');
  await t.rejects(Client.open(t, directory, { user: nobodyUser, path: join(scratch(t), 'socket') }));
  await t.resolves(Client.joined(t, directory));
});

t.test('owners-no-group: an unknown group is refused', async (t) => {
  const { code, stderr } = await run('-s', join(scratch(t), 'sw'), '-g', 'no-such-group');
  t.equal(code, 1);
  t.match(stderr, "No such group 'no-such-group'");
});

t.test('owners-no-mgmtgroup: an unknown --mgmtgroup is refused', async (t) => {
  const { code, stderr } = await run('-s', join(scratch(t), 'sw'), '--mgmtgroup', 'no-such-group');
  t.equal(code, 1);
  t.match(stderr, "No such group 'no-such-group'");
});

t.test('layout-ctl: ctl is a socket', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  t.ok(lstatSync(join(directory, 'ctl')).isSocket());
});

t.test('layout-existing: an existing directory is used, and gets its mode', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const one = await startSwitch(t, directory);
  t.equal(mode(directory), '2700');
  await one.end('SIGTERM');
  t.notOk(existsSync(directory), 'and goes with the switch');
});

t.test('layout-other-files: other files in the directory stay, and the directory with them', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  writeFileSync(join(directory, 'notes'), 'precious');
  const one = await startSwitch(t, directory);
  await Client.joined(t, directory);
  const { code } = await one.end('SIGTERM');
  t.equal(code, 0);
  t.equal(readFileSync(join(directory, 'notes'), 'utf8'), 'precious');
  t.notOk(existsSync(join(directory, 'ctl')));
});

for (const [key, name, path] of [
  ['relative', 'that is relative', () => 'sw'],
  ['slash', 'that ends with a slash', (parent) => `${join(parent, 'sw')}/`],
  ['dots', 'with dots in it', (parent) => `${parent}/./x/../sw`],
  ['umlaut', 'with a space and an umlaut', (parent) => join(parent, 'a ü')],
]) {
  t.test(`layout-path[${key}]: a path ${name}`, async (t) => {
    const parent = realpathSync(scratch(t));
    mkdirSync(join(parent, 'x'));
    const one = spawnSwitch(executable, ['-s', path(parent)], { cwd: parent });
    t.teardown(() => one.end('SIGKILL'));
    const directory = name.includes('umlaut') ? path(parent) : join(parent, 'sw');
    await until(
      () => accepts(join(directory, 'ctl')),
      parent,
      () => one.log(),
    );
    t.equal(dirname(await (await Client.open(t, directory)).join()), directory, 'the reply has the canonical one');
  });
}

t.test('layout-link: a link to a directory is followed, and stays', async (t) => {
  const parent = realpathSync(scratch(t));
  mkdirSync(join(parent, 'real'));
  symlinkSync('real', join(parent, 'link'));
  const one = spawnSwitch(executable, ['-s', join(parent, 'link')]);
  t.teardown(() => one.end('SIGKILL'));
  await until(
    () => accepts(join(parent, 'real', 'ctl')),
    parent,
    () => one.log(),
  );
  t.equal(dirname(await (await Client.open(t, join(parent, 'link'))).join()), join(parent, 'real'));
});

t.test('layout-no-parent: a directory whose parent is missing is refused', async (t) => {
  const path = join(scratch(t), 'no', 'sw');
  const { code, stderr } = await run('-s', path);
  t.equal(code, 255);
  t.match(stderr, path);
});

t.test('layout-file: a file in place of the directory is refused, and stays', async (t) => {
  const file = join(scratch(t), 'file');
  writeFileSync(file, 'precious');
  const { code } = await run('-s', file);
  t.equal(code, 255);
  t.equal(readFileSync(file, 'utf8'), 'precious');
});

t.test('layout-file-mode: a file in place of the directory keeps its mode', async (t) => {
  const file = join(scratch(t), 'file');
  writeFileSync(file, 'precious', { mode: 0o644 });
  t.equal((await run('-s', file)).code, 255);
  t.equal(mode(file), '644');
});

t.test('layout-ctl-file: a file in place of ctl is refused, and stays', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  writeFileSync(join(directory, 'ctl'), 'precious');
  const { code } = await run('-s', directory, { input: '' });
  t.equal(code, 255);
  t.equal(readFileSync(join(directory, 'ctl'), 'utf8'), 'precious');
});

t.test('layout-ctl-directory: a directory in place of ctl is refused', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(join(directory, 'ctl'), { recursive: true });
  const { code } = await run('-s', directory, { input: '' });
  t.equal(code, 255);
  t.ok(statSync(join(directory, 'ctl')).isDirectory());
});

t.test('layout-long-name: a directory whose name is too long for its sockets is served under its own name', async (t) => {
  const directory = join(scratch(t), 'x'.repeat(110));
  const one = spawnSwitch(executable, ['-s', directory]);
  t.teardown(() => one.end('SIGKILL'));
  await until(() => one.over || existsSync(join(directory, 'ctl')), dirname(directory));
  t.same(readdirSync(directory), ['ctl']);
  await one.end('SIGTERM');
  t.notOk(existsSync(directory));
});

t.test('layout-foreign: a directory of another user is refused', { skip: needsRoot }, async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  chownSync(directory, nobodyUser.uid, nobodyUser.gid);
  const { code } = await run('-s', directory, { input: '' });
  t.equal(code, 255);
});

t.test('layout-sticky: a sticky directory is refused', async (t) => {
  const directory = join(scratch(t), 'sw');
  mkdirSync(directory);
  chmodSync(directory, 0o1777);
  const { code } = await run('-s', directory, { input: '' });
  t.equal(code, 255);
  t.equal(mode(directory), '1777');
});

/** Whether this user may make mount namespaces, in which nothing outside is touched. */
const namespaces = spawnSync('unshare', ['-m', 'true']).status === 0 ? false : 'only root can make mount namespaces (unshare)';

/** Starts a switch without -s where /tmp and /var/run are its own; what else is in /tmp stays, as the switch itself may be there. */
function startWithDefaults(t, ...wrapper) {
  const script = `
    mount -t tmpfs -o mode=1777 none /mnt || exit 9
    for one in /tmp/*/; do one=$(basename "$one"); mkdir "/mnt/$one" && mount --bind "/tmp/$one" "/mnt/$one"; done
    mount --move /mnt /tmp && mount -t tmpfs none ${realpathSync('/var/run')} && exec "$@"`;
  const one = spawnSwitch('unshare', ['-m', 'sh', '-c', script, 'sh', ...wrapper, executable]);
  t.teardown(() => one.end('SIGKILL'));
  return one;
}

t.test('layout-default-root: the default for root is in /var/run', { skip: needsRoot || namespaces }, async (t) => {
  const one = startWithDefaults(t);
  const directory = `/proc/${one.pid}/root${realpathSync('/var/run')}/vde.ctl`;
  await until(
    () => one.over || existsSync(join(directory, 'ctl')),
    undefined,
    () => one.log(),
  );
  t.equal(mode(directory), '2700');
});

t.test('layout-default-user: the default for another user is in /tmp', { skip: needsRoot || namespaces }, async (t) => {
  // The executable may be where that user could not go.
  const one = startWithDefaults(
    t,
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
  );
  const directory = `/proc/${one.pid}/root/tmp/vde.ctl`;
  await until(
    () => one.over || existsSync(join(directory, 'ctl')),
    undefined,
    () => one.log(),
  );
  t.equal(mode(directory), '2700', one.log());
  t.equal(statSync(directory).uid, nobodyUser.uid);
});
