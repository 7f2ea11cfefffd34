/**
 * Black-box tests of scripts: `load` at the console, and the file of commands that a switch reads when it starts.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkStatuses, Console, reusedConsole, startConsole, status } from './console.mjs';
import { needsRoot, nobodyUser, scratch, until } from './peer.mjs';

const { noEntry, success, unknown } = status;
const shared = await startConsole(t);
const fresh = reusedConsole(t);
const prompt = '\nvde$ ';

checkStatuses(t, 'load', shared, [
  ['load', noEntry],
  ['load /nosuch/file', noEntry],
  ['load /etc/passwd/file', '1020 Not a directory'],
]);

let counter = 0;

/** Returns a file with this text, in the scratch directory of a switch. */
function script(one, text) {
  const path = join(one.parent, `script${counter++}`);
  writeFileSync(path, text);
  return path;
}

/** Returns a switch, and what it says when it loads a file with this text; where the path was there is FILE. */
async function load(t, text) {
  const one = await fresh(t);
  const path = script(one, text);
  one.console.send(`load ${path}\n`);
  return [(await one.console.until(prompt)).replaceAll(path, 'FILE'), one.console, one];
}

t.test('load-replies: each line is shown with its reply, and the last status is that of the file', async (t) => {
  const [said] = await load(t, 'port/create 3\nport/create 3\nport/print 3\nnosuch\nport/allprint\n');
  t.equal(
    said,
    [
      'vde[FILE]: port/create 3',
      success,
      'vde[FILE]: port/create 3',
      status.exists,
      'vde[FILE]: port/print 3',
      "0000 DATA END WITH '.'",
      '.',
      status.noAddress,
      'vde[FILE]: nosuch',
      unknown,
      'vde[FILE]: port/allprint',
      "0000 DATA END WITH '.'",
      'Port 0003 untagged_vlan=0000 INACTIVE - NOT Unnamed Allocatable',
      ' Current User: NONE Access Control: (User: NONE - Group: NONE)',
      ' IN:  pkts          0          bytes                    0',
      ' OUT: pkts          0          bytes                    0',
      '.',
      success,
      success,
      '',
      'vde$ ',
    ].join('\n'),
  );
});

t.test('load-comments: comments and blank lines are shown, and have no reply', async (t) => {
  const [said] = await load(t, '# comment\n  \n\t# another\n');
  t.equal(said, `vde[FILE]: # comment\nvde[FILE]:   \nvde[FILE]: \t# another\n${success}\n${prompt}`);
});

t.test('load-empty-line: an empty line is an unknown command', async (t) => {
  const [said] = await load(t, 'port/create 3\n\nport/create 4\n');
  t.equal(
    said,
    `vde[FILE]: port/create 3\n${success}\nvde[FILE]: \n\n${unknown}\nvde[FILE]: port/create 4\n${success}\n${success}\n${prompt}`,
  );
});

t.test('load-no-end: the last line needs no line end', async (t) => {
  const [said] = await load(t, 'port/create 3\nport/create 4');
  t.equal(said, `vde[FILE]: port/create 3\n${success}\nvde[FILE]: port/create 4\n${success}\n${success}\n${prompt}`);
});

t.test('load-empty: an empty file', async (t) => {
  const [said] = await load(t, '');
  t.equal(said, `${success}\n${prompt}`);
});

for (const line of ['logout', 'shutdown']) {
  t.test(`load-ends-nothing[${line}]: ${line} in a file ends nothing`, async (t) => {
    const [said, console] = await load(t, `port/create 3\n${line}\nport/create 4\n`);
    t.equal(said, `vde[FILE]: port/create 3\n${success}\nvde[FILE]: ${line}\nvde[FILE]: port/create 4\n${success}\n${success}\n${prompt}`);
    t.equal(await console.status('port/allprint 4'), success);
  });
}

t.test('load-nested: a file may load another', async (t) => {
  const one = await fresh(t);
  const inner = script(one, 'port/create 3\n');
  const outer = script(one, `load ${inner}\nport/create 4\n`);
  one.console.send(`load ${outer}\n`);
  t.equal(
    (await one.console.until(prompt)).replaceAll(inner, 'INNER').replaceAll(outer, 'OUTER'),
    [
      'vde[OUTER]: load INNER',
      'vde[INNER]: port/create 3',
      success,
      success,
      'vde[OUTER]: port/create 4',
      success,
      success,
      '',
      'vde$ ',
    ].join('\n'),
  );
});

t.test('load-nested-missing: a missing file inside a file', async (t) => {
  const [said] = await load(t, 'load /nosuch\nport/create 4\n');
  t.equal(said, `vde[FILE]: load /nosuch\n${noEntry}\nvde[FILE]: port/create 4\n${success}\n${success}\n${prompt}`);
});

t.test('load-recursive: a file that loads itself soon stops', async (t) => {
  const one = await fresh(t);
  const path = join(one.parent, 'loop');
  writeFileSync(path, `load ${path}\n`);
  const said = await one.console.transcript(`load ${path}\n`);
  t.ok(said.endsWith(`${success}\n${prompt}`));
  t.ok(said.length < 100 * path.length, `${said.length} octets`);
  t.equal(await (await one.session(t)).status('port/showinfo'), success);
});

t.test('load-events: events that a file asks for go to the session that loads it', async (t) => {
  const [said] = await load(t, 'debug/add port\nport/create 3\n');
  t.equal(said, `vde[FILE]: debug/add port\n${success}\nvde[FILE]: port/create 3\n3021 port/+ 03\n${success}\n${success}\n${prompt}`);
});

t.test('load-directory: a directory is refused', async (t) => {
  const one = await fresh(t);
  t.equal((await one.console.ask(`load ${one.parent}`)).text, '1021 Is a directory\n');
});

t.test('load-rights: a file is opened with the rights of the user who asks for it', { skip: needsRoot }, async (t) => {
  const one = await startConsole(t, '--mgmtmode', '666');
  const path = script(one, 'port/create 3\n');
  const console = await Console.open(t, one.path, nobodyUser);
  chmodSync(path, 0o600);
  t.equal((await console.ask(`load ${path}`)).text, '1013 Permission denied\n');
  chmodSync(path, 0o644);
  t.equal((await console.ask(`load ${path}`)).status, success);
});

t.test('load-path: the path is the whole rest of the line', async (t) => {
  const one = await fresh(t);
  const path = script(one, 'port/create 3\n');
  t.equal(await one.console.status(`load ${path} more`), noEntry);
  t.equal(await one.console.status(`load    ${path}`), success);
});

t.test('load-long-reply: the reply of a long file is complete', async (t) => {
  const one = await fresh(t);
  const other = await one.session(t);
  const path = script(one, `${'hash/showinfo\n'.repeat(5000)}vlan/create 10\n`);
  // A client that does not read until the end still has most of the reply to read.
  one.console.stream.pause();
  one.console.send(`load ${path}\n`);
  await until(async () => (await other.status('vlan/print 10')) === success);
  one.console.stream.resume();
  const said = await one.console.until(prompt);
  t.equal(said.split('\n').filter((line) => line === success).length, 5000 + 2);
});

t.test('load-line-200: a line of 200 octets is one line', async (t) => {
  const [said] = await load(t, `help ${'a'.repeat(195)}\nport/create 3\n`);
  t.equal(said.split('\n').filter((line) => line.startsWith('vde[FILE]: ')).length, 2);
  t.equal(said.split('\n').filter((line) => line === success).length, 3);
});

/** Returns a switch that reads a file with this text when it starts. */
function withRcfile(t, text, ...args) {
  const rcfile = join(scratch(t), 'rc');
  writeFileSync(rcfile, text);
  return startConsole(t, '-f', rcfile, ...args);
}

const usual = '# comment\nport/create 4\nvlan/create 9\nport/setvlan 4 9\n';
const ports = async ({ console }) => (await console.data('port/allprint')).filter((line) => line.startsWith('Port'));
const port4 = ['Port 0004 untagged_vlan=0009 INACTIVE - NOT Unnamed Allocatable'];

t.test('rc-commands: the commands of the file are executed at the start', async (t) => {
  const one = await withRcfile(t, usual);
  t.same(await ports(one), port4);
  t.same(await one.console.data('vlan/allprint'), ['VLAN 0000', 'VLAN 0009', ' -- Port 0004 tagged=0 active=0 status=Learning']);
});

t.test('rc-rcfile: --rcfile is the same option', async (t) => {
  const rcfile = join(scratch(t), 'rc');
  writeFileSync(rcfile, usual);
  t.same(await ports(await startConsole(t, '--rcfile', rcfile)), port4);
});

t.test('rc-mistakes: mistakes in it are skipped', async (t) => {
  const one = await withRcfile(t, `nosuch\nport/create 99\n\nport/setvlan 4 9\n${usual}port/create 4\nbogus`);
  t.same(await ports(one), port4);
});

t.test('rc-no-end: its last line needs no line end', async (t) => {
  t.same(await ports(await withRcfile(t, usual.trimEnd())), port4);
});

t.test('config-saved: saved settings are those of a switch that reads them', async (t) => {
  const one = await startConsole(t);
  await one.console.give('vlan/create 9', 'port/create 4', 'port/setvlan 4 9', 'hash/setexpire 7');
  const saved = join(scratch(t), 'saved');
  t.equal(await one.console.status(`config/save ${saved}`), success);
  const other = await startConsole(t, '-f', saved);
  t.same(await ports(other), port4);
  t.equal((await other.console.data('hash/showinfo'))[2], 'GC expire 7 secs');
});

t.test('rc-line-ends: it may have the line ends of other systems', async (t) => {
  t.same(await ports(await withRcfile(t, usual.replaceAll('\n', '\r\n'))), port4);
});

t.test('rc-missing: a missing file is skipped', async (t) => {
  const one = await startConsole(t, '-f', '/nosuch/file');
  t.equal(await one.console.status('port/showinfo'), success);
});

t.test('rc-empty: an empty file', async (t) => {
  t.same(await ports(await withRcfile(t, '')), []);
});

t.test('rc-directory: a directory is skipped', async (t) => {
  const one = await startConsole(t, '-f', scratch(t));
  t.equal(await one.console.status('port/showinfo'), success);
});

t.test('rc-ends-nothing: no command in it ends the switch', async (t) => {
  t.same(await ports(await withRcfile(t, `logout\nshutdown\n${usual}`)), port4);
});

t.test('rc-session-only: commands that need a session are refused', async (t) => {
  const inner = join(scratch(t), 'inner');
  writeFileSync(inner, 'port/create 5\n');
  const one = await withRcfile(t, `load ${inner}\ndebug/add port\n${usual}`);
  t.same(await ports(one), port4);
  await one.console.give('port/create 6');
  t.same(one.console.events(), []);
});

t.test('rc-relative: its path is relative to where the switch was started', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'my.rc'), usual);
  t.same(await ports(await startConsole(t, '-f', 'my.rc', { cwd: directory })), port4);
});

t.test('rc-options-first: the options take effect before it', async (t) => {
  const one = await withRcfile(t, 'port/create 39\nport/sethub 0\n', '-n', '40', '-x');
  t.same(await ports(one), ['Port 0039 untagged_vlan=0000 INACTIVE - NOT Unnamed Allocatable']);
  t.equal((await one.console.data('port/showinfo'))[1], 'HUB=false');
});

t.test('rc-trees: it can turn on spanning trees', async (t) => {
  const one = await withRcfile(t, 'fstp/setfstp 1\nfstp/bonus 0 3 100\n');
  t.equal((await one.console.data('fstp/showinfo'))[1], 'FSTP=true');
  t.match((await one.console.data('fstp/print'))[3], 'bonusport 0003 bonuscost 100');
});

/** Returns a home with a file of commands. */
function home(t, name, text) {
  const HOME = scratch(t);
  mkdirSync(join(HOME, '.vde2'));
  writeFileSync(join(HOME, ...name), text);
  return { env: { ...process.env, HOME } };
}

t.test('rc-default: the default is .vde2/vde_switch.rc in the home directory', async (t) => {
  t.same(await ports(await startConsole(t, home(t, ['.vde2', 'vde_switch.rc'], usual))), port4);
});

t.test('rc-not-default: with the option the default file is not read', async (t) => {
  const one = await withRcfile(t, 'port/create 7\n', home(t, ['.vde2', 'vde_switch.rc'], usual));
  t.same(await ports(one), ['Port 0007 untagged_vlan=0000 INACTIVE - NOT Unnamed Allocatable']);
});

t.test("rc-not-default-missing: the default file is not read either when the option's file is missing", async (t) => {
  t.same(await ports(await startConsole(t, '-f', '/nosuch', home(t, ['.vde2', 'vde_switch.rc'], usual))), []);
});

t.test('rc-not-vderc: .vderc in the home directory is not read', async (t) => {
  t.same(await ports(await startConsole(t, home(t, ['.vderc'], usual))), []);
});

t.test('rc-long-line: a long line in it is one line', async (t) => {
  t.same(await ports(await withRcfile(t, `help ${'a'.repeat(300)}\n${usual}`)), port4);
});

t.test('rc-long-comment: a long comment is a comment to its end', async (t) => {
  const one = await withRcfile(t, `${'#'.padEnd(127, '-')}port/create 5\n${usual}`);
  t.same(await ports(one), port4);
});
