/**
 * Black-box tests of where the console is: its socket, and the switch's own standard input.
 */
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import koffi from 'koffi';
import t from 'tap';
import { Console, startConsole, status } from './console.mjs';
import { accepts, Client, needsGroup, otherGroup, run, scratch, spawnSwitch, startSwitch, executable, until, within } from './peer.mjs';

const { success } = status;
const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const connect = libc.func('int connect(int, void *, uint32_t)');
const socketpair = libc.func('int socketpair(int, int, int, _Out_ int *)');
const close = libc.func('int close(int)');

const mode = (path) => (statSync(path).mode & 0o7777).toString(8);
const info = "0000 DATA END WITH '.'\nNumports=32\nHUB=false\ncounters=true\n.\n1000 Success\n";

for (const [args, expected] of [
  [[], '600'],
  [['--mgmtmode', '660'], '660'],
  [['--mgmtmode', '0666'], '666'],
  [['--mgmtmode', '640'], '640'],
  [['-m', '666'], '600'],
]) {
  t.test(`socket-mode[${args.join(' ') || 'no option'}]: the mode of the console's socket is ${expected}`, async (t) => {
    const one = await startConsole(t, ...args);
    t.ok(lstatSync(one.path).isSocket());
    t.equal(mode(one.path), expected);
    t.equal((await one.console.data('showinfo')).at(-1), `mgmt ${one.path} perm 0${expected}`);
  });
}

t.test('socket-group: --mgmtgroup sets the group of the socket', { skip: needsGroup }, async (t) => {
  const one = await startConsole(t, '--mgmtgroup', otherGroup.name, '--mgmtmode', '660');
  t.equal(statSync(one.path).gid, otherGroup.gid);
  t.equal(statSync(join(one.directory, 'ctl')).gid, process.getgid(), 'is not that of the switch');
});

t.test('socket-no-group: an unknown group is refused', async (t) => {
  const parent = scratch(t);
  const { code } = await run('-s', join(parent, 'sw'), '-M', join(parent, 'mgmt'), '--mgmtgroup', 'nosuchgroup');
  t.equal(code, 1);
});

for (const option of ['--mgmt', '-mgmt', '--mgmt=PATH']) {
  t.test(`socket-option[${option}]: is the same as -M`, async (t) => {
    const parent = scratch(t);
    const path = join(parent, 'console');
    await startSwitch(t, join(parent, 'sw'), ...(option.includes('=') ? [option.replace('PATH', path)] : [option, path]));
    const console = await Console.open(t, path);
    t.equal(await console.status('port/showinfo'), success);
  });
}

t.test('socket-relative: its path is relative to where the switch was started', async (t) => {
  const parent = scratch(t);
  await startSwitch(t, join(parent, 'sw'), '-M', 'rel', { cwd: parent });
  const console = await Console.open(t, join(parent, 'rel'));
  t.match((await console.data('showinfo')).at(-1), /^mgmt (?:.*\/)?rel perm 0600$/);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  t.test(`socket-signal[${signal}]: removes the socket, and ends the sessions`, async (t) => {
    const one = await startConsole(t);
    await one.end(signal);
    t.notOk(existsSync(one.path));
    t.equal(await one.console.rest(), '');
  });
}

t.test('socket-stdin-end: the end of standard input removes the socket', async (t) => {
  const one = await startConsole(t);
  one.child.stdin.end();
  t.same(await one.ended, { code: 0, signal: null });
  t.notOk(existsSync(one.path));
});

t.test('socket-stale: the socket of a killed switch is taken over', async (t) => {
  const one = await startConsole(t);
  await one.end('SIGKILL');
  t.ok(existsSync(one.path));
  await startSwitch(t, one.directory, '-M', one.path);
  t.equal(await (await Console.open(t, one.path)).status('port/showinfo'), success);
});

t.test('socket-in-use: the socket of another switch is left alone, and the switch serves without a console', async (t) => {
  const one = await startConsole(t);
  const second = await startSwitch(t, join(one.parent, 'sw2'), '-M', one.path);
  t.equal((await (await one.session(t)).data('ds/showinfo'))[0], `ctl dir ${one.directory}`);
  await second.end('SIGTERM');
  t.ok(existsSync(one.path), 'also when that one ends');
  t.equal(await (await one.session(t)).status('port/showinfo'), success);
});

t.test('socket-file: a file that is not a socket is left alone', async (t) => {
  const parent = scratch(t);
  const path = join(parent, 'precious');
  writeFileSync(path, 'precious');
  chmodSync(path, 0o600);
  const one = spawnSwitch(executable, ['-s', join(parent, 'sw'), '-M', path]);
  t.teardown(() => one.end('SIGKILL'));
  await until(() => one.over || accepts(join(parent, 'sw', 'ctl')), parent);
  await Client.joined(t, join(parent, 'sw'));
  t.same(await one.end('SIGTERM'), { code: 0, signal: null }, 'and the switch served');
  t.ok(existsSync(path));
  t.equal(existsSync(path) && lstatSync(path).isFile() && readFileSync(path, 'utf8'), 'precious');
});

t.test('socket-silent: connections that send nothing keep no session out', async (t) => {
  const one = await startConsole(t);
  for (let i = 0; i < 50; i++) await Console.connect(t, one.path);
  t.equal(await (await one.session(t)).status('port/showinfo'), success);
});

t.test('socket-knocks: a client that connects and leaves at once does no harm', async (t) => {
  const one = await startConsole(t);
  const address = Buffer.from(`\x01\0${one.path}\0`, 'latin1');
  for (let i = 0; i < 20; i++) {
    const fd = socket(1, 1, 0);
    t.equal(connect(fd, address, address.length), 0);
    close(fd);
    t.equal(await one.console.status('port/showinfo'), success);
  }
});

t.test('socket-come-and-go: sessions come and go', async (t) => {
  const one = await startConsole(t);
  for (let i = 0; i < 100; i++) (await one.session(t)).close();
  t.equal(await one.console.status('port/showinfo'), success);
});

/** Returns a switch whose standard input is one end of a pair of sockets, with its standard output, and a client at the other end. */
async function withTerminal(t, ...args) {
  const pair = [0, 0];
  socketpair(1, 1, 0, pair);
  const directory = join(scratch(t), 'sw');
  const child = spawn(executable, ['-s', directory, ...args], { stdio: [pair[1], 'pipe', 'ignore'] });
  close(pair[1]);
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  const one = {
    directory,
    output: '',
    terminal: Console.on(t, new Socket({ fd: pair[0] })),
    get ended() {
      return within(ended, () => `the switch did not end: ${one.output}`);
    },
  };
  child.stdout.on('data', (text) => (one.output += text));
  t.teardown(() => {
    child.kill('SIGKILL');
    return one.ended;
  });
  await until(() => accepts(join(directory, 'ctl')), join(directory, '..'));
  return one;
}

/** Waits until a switch has written this to its standard output, and nothing else. */
async function written(t, one, expected) {
  await until(() => one.output.length >= expected.length, one.directory);
  t.equal(one.output, expected);
}

t.test('stdin-streams: replies go to standard output, and the prompt to standard input', async (t) => {
  const one = await withTerminal(t);
  one.terminal.send('port/showinfo\n');
  t.equal(await one.terminal.until('$ '), '\nvde$ ', 'and there was none before');
  await written(t, one, info);
});

t.test('stdin-line-ends: a command without a line end, and an empty line', async (t) => {
  const one = await withTerminal(t);
  one.terminal.send('port/showinfo');
  await one.terminal.until('\nvde$ ');
  one.terminal.send('\n');
  await one.terminal.until('\nvde$ ');
  await written(t, one, info);
});

t.test('stdin-logout: logout does nothing', async (t) => {
  const path = join(scratch(t), 'mgmt');
  const one = await withTerminal(t, '-M', path);
  const console = await Console.open(t, path);
  one.terminal.send('logout\n');
  for (let i = 0; i < 3; i++) await console.status('port/showinfo');
  one.terminal.send('port/showinfo\n');
  await written(t, one, info);
  t.equal(await one.terminal.until('$ '), '\nvde$ ', 'there is not even a prompt');
});

t.test('stdin-shutdown: shutdown ends the switch', async (t) => {
  const one = await withTerminal(t);
  one.terminal.send('shutdown\n');
  t.same(await one.ended, { code: 0, signal: null });
  t.notOk(existsSync(one.directory));
});

t.test('stdin-no-socket: showinfo mentions no console when there is none', async (t) => {
  const directory = join(scratch(t), 'sw');
  const one = await startSwitch(t, directory);
  const said = await one.command('showinfo');
  t.match(said, /\n\npid \d+ MAC \S+ uptime \d+\n\.\n1000 Success\n$/);
});

t.test('stdin-changes: commands change the switch, like those at the socket', async (t) => {
  const one = await startConsole(t);
  t.equal(await one.command('port/create 5'), `${success}\n`);
  t.equal(await one.console.status('port/allprint 5'), success);
});

t.test('stdin-events: events go to standard output', async (t) => {
  const path = join(scratch(t), 'mgmt');
  const one = await withTerminal(t, '-M', path);
  const console = await Console.open(t, path);
  one.terminal.send('debug/add port\n');
  await one.terminal.until('\nvde$ ');
  await console.give('port/create 5');
  await written(t, one, `${success}\n3021 port/+ 05\n`);
});

t.test('stdin-last-line: commands before the end of input are executed', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { code, stdout } = await run('-s', directory, { input: 'port/showinfo\n' });
  t.equal(code, 0);
  t.equal(stdout, info);
});

t.test('stdin-all-lines: all commands before the end of input are executed', async (t) => {
  const directory = join(scratch(t), 'sw');
  const { code, stdout } = await run('-s', directory, { input: 'port/showinfo\nnosuch\nport/showinfo\n' });
  t.equal(code, 0);
  t.equal(stdout, `${info}${status.unknown}\n${info}`);
});
