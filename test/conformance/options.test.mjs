/**
 * Black-box tests of the command line: each option with its errors, and how options may be written.
 */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { accepts, Client, executable, portOf, portWord, request3, run, scratch, spawnSwitch, until } from './peer.mjs';

const mode = (path) => (statSync(path).mode & 0o7777).toString(8);

/**
 * Starts a switch in a scratch directory with exactly these arguments, and waits until it serves `sw` there. `args` may be a function of
 * the path of `sw`.
 */
async function starts(t, args, name = 'sw') {
  const parent = scratch(t);
  const directory = join(parent, name);
  const one = spawnSwitch(executable, typeof args === 'function' ? args(directory) : args, { cwd: parent });
  t.teardown(() => one.end('SIGKILL'));
  await until(
    () => one.over || accepts(join(directory, 'ctl')),
    parent,
    () => one.log(),
  );
  t.notOk(one.over, `it serves ${one.log()}`);
  return { one, directory, ctl: join(directory, 'ctl') };
}

for (const [name, args] of [
  ['-s DIR', (directory) => ['-s', directory]],
  ['-sDIR', (directory) => [`-s${directory}`]],
  ['--sock DIR', (directory) => ['--sock', directory]],
  ['--sock=DIR', (directory) => [`--sock=${directory}`]],
  ['-sock DIR', (directory) => ['-sock', directory]],
  ['-sock=DIR', (directory) => [`-sock=${directory}`]],
  ['--vdesock DIR', (directory) => ['--vdesock', directory]],
  ['--unix DIR', (directory) => ['--unix', directory]],
  ['--so DIR', (directory) => ['--so', directory]],
  ['-s twice, the last of them', (directory) => ['-s', `${directory}-other`, '-s', directory]],
]) {
  t.test(`options-directory[${name}]: names the directory`, async (t) => {
    const { directory } = await starts(t, args);
    t.notOk(existsSync(`${directory}-other`));
    await Client.joined(t, directory);
  });
}

for (const [args, expected] of [
  [['-m', '660'], '660'],
  [['--mode', '660'], '660'],
  [['--mod', '660'], '660'],
  [['-mod', '660'], '660'],
  [['-mode=660'], '660'],
  [['-m', '666', '-m', '640'], '640'],
  [['--dir', '0750'], '640'],
  [['-dirmode=0750'], '640'],
]) {
  t.test(`options-mode[${args.join(' ')}]: sets the mode`, async (t) => {
    const { ctl } = await starts(t, (directory) => ['-s', directory, ...args]);
    t.equal(mode(ctl), expected);
  });
}

for (const [args, last] of [
  [['-n', '4'], 3],
  [['-n4'], 3],
  [['--numports', '3'], 2],
  [['-numports', '3'], 2],
  [['--nu=5'], 4],
  [['-n', '3', '-n', '5'], 4],
  [['-n', '0x10'], 15],
  [['-n', '010'], 7],
]) {
  t.test(`options-numports[${args.join(' ')}]: sets the number of ports`, async (t) => {
    const { directory } = await starts(t, (directory) => ['-s', directory, ...args]);
    t.equal(portOf(await (await Client.open(t, directory)).join(portWord(last))), last);
    const beyond = await Client.open(t, directory);
    t.not((await beyond.ask(request3(portWord(last + 1), beyond.path), 200)).length, 110);
  });
}

/** The C library's complaints about wrong arguments; the switch serves all the same. */
for (const [args, complaint] of [
  [['--nosuch'], "unrecognized option '--nosuch'"],
  [['--nosuch=3'], "unrecognized option '--nosuch=3'"],
  [['-Z'], "unrecognized option '-Z'"],
  [['-Z=3'], "unrecognized option '-Z=3'"],
  [['-xZF'], "invalid option -- 'Z'"],
  [['--h'], "option '--h' is ambiguous; possibilities: '--help' '--hub' '--hashsize'"],
  [['--mgm=x'], "option '--mgm=x' is ambiguous; possibilities: '--mgmt' '--mgmtmode' '--mgmtgroup'"],
  [['-mo=6'], "option '-mo=6' is ambiguous; possibilities: '-mod' '-mode'"],
  [['--hub=1'], "option '--hub' doesn't allow an argument"],
  [['-fst='], "option '-fstp' doesn't allow an argument"],
  [['--help=3'], "option '--help' doesn't allow an argument"],
  [['-n'], "option requires an argument -- 'n'"],
  [['-xm'], "option requires an argument -- 'm'"],
  [['-g'], "option requires an argument -- 'g'"],
  [['-p'], "option requires an argument -- 'p'"],
  [['-f'], "option requires an argument -- 'f'"],
  [['-M'], "option requires an argument -- 'M'"],
  [['-t'], "option requires an argument -- 't'"],
  [['-D'], "option requires an argument -- 'D'"],
  [['--num'], "option '--numports' requires an argument"],
  [['-tap'], "option '-tap' requires an argument"],
  [['--dirmode'], "option '--dirmode' requires an argument"],
  [['--mgmtmode'], "option '--mgmtmode' requires an argument"],
  [['--mgmtgroup'], "option '--mgmtgroup' requires an argument"],
  [['--macaddr'], "option '--macaddr' requires an argument"],
  [['--priority'], "option '--priority' requires an argument"],
  [['--hashsize'], "option '--hashsize' requires an argument"],
  [['--sock'], "option '--sock' requires an argument"],
]) {
  t.test(`options-wrong[${args.join(' ')}]: causes a complaint, and is ignored`, async (t) => {
    const { code, stderr } = await run('-s', join(scratch(t), 'sw'), ...args, { input: '' });
    t.equal(code, 0, 'it served until its standard input ended');
    t.match(stderr, `vde_switch: ${complaint}\n`);
  });
}

t.test('options-after-wrong: options after a wrong one count', async (t) => {
  const { ctl } = await starts(t, (directory) => ['--nosuch', '--hub=1', '-Z', '-m', '640', '-s', directory]);
  t.equal(mode(ctl), '640');
});

t.test('options-like-option: an argument may look like an option', async (t) => {
  const { ctl } = await starts(t, ['-s', '-x', '-m', '640'], '-x');
  t.equal(mode(ctl), '640');
});

t.test('options-joined: letters may be joined', async (t) => {
  const { ctl } = await starts(t, (directory) => ['-xFm640', '-s', directory]);
  t.equal(mode(ctl), '640');
});

t.test('options-dashes: -- at the end has no effect', async (t) => {
  await starts(t, (directory) => ['-s', directory, '--']);
});

for (const [name, args] of [
  ['an operand', ['operand']],
  ['an operand before options', ['operand', '-x']],
  ['an operand after --', ['--', 'x']],
  ['an option after --', ['--', '--version']],
  ['a dash', ['-']],
  ['the argument of an option that was not understood', ['--mgm', 'x']],
]) {
  t.test(`options-operand[${args.join(' ')}]: ${name} is refused with the usage`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const { code, stdout } = await run('-s', directory, ...args, { input: '' });
    t.equal(code, 1);
    t.match(stdout, /usage: vde_switch/i);
    t.notOk(existsSync(directory));
  });
}

for (const args of [['--help'], ['-h'], ['-help'], ['--he'], ['-x', '-h'], ['-h', '-v'], ['-hv'], ['--nosuch', '--help']]) {
  t.test(`options-help[${args.join(' ')}]: prints the usage, and exits 1`, async (t) => {
    const { code, stdout } = await run(...args, { input: '' });
    t.equal(code, 1);
    t.match(stdout, /^usage: vde_switch/i);
    for (const option of ['--numports', '--hub', '--fstp', '--macaddr', '--priority', '--sock', '--mode', '--dirmode', '--group'])
      t.match(stdout, option);
    for (const option of ['--daemon', '--pidfile', '--rcfile', '--mgmt', '--mgmtmode', '--mgmtgroup', '--tap', '--hashsize'])
      t.match(stdout, option);
  });
}

for (const args of [
  ['--version'],
  ['-v'],
  ['-version'],
  ['--ver'],
  ['-v', '-h'],
  ['-vh'],
  ['operand', '--version'],
  ['-v', 'operand'],
  ['-n', '0', '-v'],
]) {
  t.test(`options-version[${args.join(' ')}]: prints the version, and exits 0`, async (t) => {
    const { code, stdout } = await run(...args, { input: '' });
    t.equal(code, 0);
    t.match(stdout, /^VDE 2\.3\.2\n/);
  });
}

for (const text of ['zz', '00:ff:00:00:00', '00:ff:00:00:00:zz', '00-ff-00-00-00-01', 'nonsense', '', '0']) {
  t.test(`options-macaddr[${text}]: --macaddr '${text}' is refused`, async (t) => {
    const { code, stderr } = await run('-s', join(scratch(t), 'sw'), '--macaddr', text, { input: '' });
    t.equal(code, 1);
    t.match(stderr, `Invalid MAC Addr ${text}`);
  });
}

for (const text of ['0', '-3']) {
  t.test(`options-no-ports[${text}]: -n ${text} is refused`, async (t) => {
    const { code, stderr } = await run('-s', join(scratch(t), 'sw'), '-n', text, { input: '' });
    t.equal(code, 1);
    t.match(stderr, 'The switch must have at least 1 port');
  });
}

for (const [option, text] of [
  ['-n', 'many'],
  ['-m', 'abc'],
  ['-m', '999'],
  ['--dirmode', 'abc'],
  ['--mgmtmode', 'rw'],
  ['--priority', 'first'],
]) {
  t.test(`options-no-number[${option} ${text}]: is not a number, and is ignored`, async (t) => {
    const { directory, ctl } = await starts(t, (directory) => ['-s', directory, option, text]);
    t.equal(mode(directory), '2700');
    t.equal(mode(ctl), '600');
    t.equal(portOf(await (await Client.open(t, directory)).join(portWord(31))), 31);
  });
}

for (const [text, size] of [
  ['100', 128],
  ['129', 256],
  ['3', 4],
  ['0x1f', 32],
]) {
  t.test(`options-hashsize-rounded[${text}]: --hashsize ${text} is rounded, with a message`, async (t) => {
    const { stderr } = await run('-s', join(scratch(t), 'sw'), '--hashsize', text, { input: '' });
    t.match(stderr, `Hash size must be a power of 2. ${Number(text)} rounded to ${size}`);
  });
}

for (const text of ['1', '128', '1024', '0', 'abc']) {
  t.test(`options-hashsize[${text}]: --hashsize ${text} is taken without a message`, async (t) => {
    const { code, stderr } = await run('-s', join(scratch(t), 'sw'), '--hashsize', text, { input: '' });
    t.equal(code, 0);
    t.notMatch(stderr, 'Hash size');
  });
}

for (const args of [['-D', '3'], ['--debugclients', '3'], ['-debugclients=x']]) {
  t.test(`options-no-effect[${args.join(' ')}]: has no effect`, async (t) => {
    const { code, stderr } = await run('-s', join(scratch(t), 'sw'), ...args, { input: '' });
    t.equal(code, 0);
    t.notMatch(stderr, 'option');
  });
}

t.test('options-nostdin: --nostdin keeps the switch running when standard input ends', async (t) => {
  const { one, directory } = await starts(t, (directory) => ['--nostdin', '-s', directory]);
  const said = once(one.child.stderr, 'close');
  one.child.stdin.end();
  await Client.joined(t, directory);
  t.same(await one.end('SIGTERM'), { code: 0, signal: null });
  await said;
  t.notMatch(one.log(), 'unrecognized');
});

t.test('options-no-name: a directory without a name is refused', async (t) => {
  const { code } = await run('--sock=', { input: '' });
  t.equal(code, 255);
});
