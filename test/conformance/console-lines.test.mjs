/** Black-box tests of the console's lines: the limits of a line, the choice of a command, the form of a reply. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { scratch } from './peer.mjs';

const shared = await startConsole(t);
const fresh = reusedConsole(t);
const info = "0000 DATA END WITH '.'\nNumports=32\nHUB=false\ncounters=true\n.\n1000 Success\n";
const prompt = '\nvde$ ';

t.test('console-greeting: the greeting has the version that clients look for, a line, an empty line and the prompt', async (t) => {
  const { greeting } = await shared.session(t);
  t.match(greeting, /^VDE switch V\.2\.3\.2\n[^\n]+\n\nvde\$ $/);
});

t.test('console-data: a reply with data is a block, a status and the prompt', async (t) => {
  const console = await shared.session(t);
  t.equal(await console.transcript('port/showinfo\n'), `${info}${prompt}`);
});

t.test('console-no-data: a reply without data is a status and the prompt', async (t) => {
  const console = await shared.session(t);
  t.equal(await console.transcript('debug/del\n'), `1002 No such file or directory\n${prompt}`);
});

t.test('console-sessions: each of many sessions gets its own replies', async (t) => {
  const sessions = [];
  for (let i = 0; i < 20; i++) sessions.push(await shared.session(t));
  for (const [i, one] of sessions.entries()) one.send(i % 2 === 0 ? 'port/showinfo\n' : 'nosuch\n');
  for (const [i, one] of sessions.entries())
    t.equal((await one.reply()).status, i % 2 === 0 ? status.success : status.unknown, `session ${i}`);
});

for (const [key, what, octets] of [
  ['no-end', 'without a line end', 'port/showinfo'],
  ['crlf', 'with CR and LF', 'port/showinfo\r\n'],
  ['blanks-before', 'with blanks before it', '   port/showinfo\n'],
  ['tab-before', 'with a tab before it', '\tport/showinfo\n'],
  ['blanks-after', 'with blanks after it', 'port/showinfo   \n'],
  ['argument', 'with an argument that it does not take', 'port/showinfo 1 2 3\n'],
  ['letters-after', 'with more letters after its name', 'port/showinfoXYZ\n'],
  ['nul-after', 'with NUL and more after its name', 'port/showinfo\0xyz\n'],
]) {
  t.test(`console-command[${key}]: a command ${what}`, async (t) => {
    const console = await shared.session(t);
    t.equal(await console.transcript(octets), `${info}${prompt}`);
  });
}

for (const [key, what, octets] of [
  ['empty', 'an empty line', '\n'],
  ['blanks', 'blanks', '  \t \n'],
  ['comment', 'a comment', '# port/showinfo\n'],
  ['comment-after-blanks', 'a comment after blanks', '  \t# port/showinfo\n'],
  ['comment-no-end', 'a comment without a line end', '#'],
  ['nul', 'NUL', '\0\n'],
]) {
  t.test(`console-no-command[${key}]: the reply to ${what} is the prompt`, async (t) => {
    const console = await shared.session(t);
    t.equal(await console.transcript(octets), prompt);
  });
}

t.test('console-pieces: pieces without a line end are a command each', async (t) => {
  const console = await shared.session(t);
  console.send('port/');
  t.equal((await console.reply()).status, status.unknown);
  console.send('port/showinfo');
  t.equal((await console.reply()).status, status.success);
});

t.test('console-many-lines: all lines that arrive at once are executed, in order', async (t) => {
  const console = await shared.session(t);
  t.equal(
    await console.transcript('port/showinfo\nnosuch\ndebug/del\n'),
    `${info}${prompt}${status.unknown}\n${prompt}${status.noEntry}\n${prompt}`,
  );
});

t.test('console-empty-lines: each of two empty lines that arrive at once gets the prompt', async (t) => {
  const console = await shared.session(t);
  t.equal(await console.transcript('\n\n'), `${prompt}${prompt}`);
});

const nothingOfHelp = /^0000 DATA END WITH '\.'\n[^\n]+\n[^\n]+\n\.\n1000 Success\n$/;

t.test('console-line-127: a line of 127 octets with its end is one line', async (t) => {
  const console = await shared.session(t);
  const replies = (await console.transcript(`help ${'a'.repeat(121)}\n`)).split(prompt);
  t.equal(replies.length, 2);
  t.match(replies[0], nothingOfHelp);
});

for (const length of [128, 129, 300, 4000]) {
  t.test(`console-line[${length}]: a line of ${length} octets is one line`, async (t) => {
    const console = await shared.session(t);
    const replies = (await console.transcript(`help ${'a'.repeat(length - 5)}\n`)).split(prompt);
    t.equal(replies.length, 2);
    t.match(replies[0], nothingOfHelp);
  });
}

t.test('console-line-too-long: a line above the limit is refused, and the session continues', async (t) => {
  const console = await shared.session(t);
  t.equal(
    await console.transcript(`help ${'a'.repeat(50_000)}\nport/showinfo\n`),
    `1007 Argument list too long\n${prompt}${info}${prompt}`,
  );
});

t.test('console-endless-line: a line without an end does no harm', async (t) => {
  const [loud, console] = [await shared.session(t), await shared.session(t)];
  loud.send('x\n');
  await loud.reply();
  loud.send('a'.repeat(1_000_000));
  t.equal(await console.status('port/showinfo'), status.success);
  loud.close();
  t.equal(await console.status('port/showinfo'), status.success);
});

checkStatuses(t, 'console', shared, [
  ...['ds', 'debug', 'plugin', 'hash', 'fstp', 'port', 'vlan'].map((heading) => [heading, status.unknown]),
  ...['nosuch', 'port/', 'port/nosuch', 'port/prin', '/port/print', 'port /print', 'p', '?', '.'].map((line) => [line, status.unknown]),
  ...['PORT/PRINT', 'Help', 'port/Print', 'SHOWINFO'].map((line) => [line, status.unknown]),
  ['loadx', status.noEntry],
  ['vlan/createx', status.invalid],
]);

t.test('console-not-ascii: octets beyond ASCII and keys of a terminal are no commands', async (t) => {
  const console = await shared.session(t);
  for (const octets of [Buffer.from('1b5b41', 'hex'), Buffer.from([0xff, 0xfe]), Buffer.from('ü')]) {
    console.send(octets);
    t.equal((await console.reply()).text, `${status.unknown}\n`);
  }
});

t.test('console-argument: the argument follows the name, with or without a blank', async (t) => {
  const console = await shared.session(t);
  for (const line of ['help port/showinfo', 'helpport/showinfo', 'help   port/showinfo', 'help\tport/showinfo'])
    t.equal((await console.data(line)).length, 3, line);
});

t.test("console-longer-name: a command whose name begins with another command's name is a command of its own", async (t) => {
  const { console } = await fresh(t);
  t.same(await console.data('port/createauto'), ['Port 0001'], 'not port/create with the argument "auto"');
});

for (const line of ['logout', 'logoutx', 'logout now']) {
  t.test(`console-logout[${line}]: ends the session`, async (t) => {
    const [one, other] = [await shared.session(t), await shared.session(t)];
    one.send(`${line}\n`);
    t.equal(await one.rest(), '9999 END OF SESSION');
    t.equal(await other.status('port/showinfo'), status.success, 'and no other');
  });
}

t.test('console-half-closed: a client that closes its sending side is disconnected without a reply', async (t) => {
  const console = await shared.session(t);
  t.equal(await console.transcript(''), '');
});

t.test('console-vanishes: a session that vanishes during events does no harm', async (t) => {
  const one = await fresh(t);
  const other = await one.session(t);
  await other.give('debug/add');
  other.close();
  t.equal(await one.console.status('port/create 1'), status.success);
  t.equal(await one.console.status('port/remove 1'), status.success);
});

t.test('console-long-reply: a reply of any length is complete', async (t) => {
  const rcfile = join(scratch(t), 'rc');
  writeFileSync(rcfile, Array.from({ length: 2999 }, (_, i) => `port/create ${i + 1}\n`).join(''));
  const { console, session } = await startConsole(t, '-n', '3000', '-f', rcfile);
  const other = await session(t);
  // A client that does not read until the end still has most of the reply to read.
  console.stream.pause();
  console.send('port/allprint\n');
  for (let i = 0; i < 2; i++) await other.status('port/showinfo');
  console.stream.resume();
  const { data, status: ended } = await console.reply();
  t.equal(ended, status.success);
  t.equal(data?.length, 4 * 2999);
});

t.test('console-stalled-reader: a session that does not read does not delay the others', async (t) => {
  const one = await fresh(t);
  const deaf = await one.session(t);
  deaf.stream.pause();
  for (let i = 0; i < 200; i++) deaf.send('help\n');
  t.equal(await one.console.status('port/showinfo'), status.success);
});

t.test('console-shutdown: shutdown ends the session and the switch, and removes its files', async (t) => {
  const one = await fresh(t);
  one.console.send('shutdown\n');
  t.equal(await one.console.rest(), '9999 END OF SESSION');
  t.same(await one.ended, { code: 0, signal: null });
  t.notOk(existsSync(one.directory));
  t.notOk(existsSync(one.path));
});

t.test('console-shutdown-others: shutdown ends the other sessions, without a message', async (t) => {
  const one = await fresh(t);
  const other = await one.session(t);
  one.console.send('shutdown');
  t.equal(await other.rest(), '');
});

t.test('console-showinfo: showinfo shows version, process, address, age and console', async (t) => {
  const one = await startConsole(t, '--macaddr', '00:ff:01:02:03:04');
  const [version, licence, empty, process, mgmt] = await one.console.data('showinfo');
  t.equal(version, 'VDE switch V.2.3.2');
  t.equal(`${version}\n${licence}\n${prompt}`, one.console.greeting);
  t.equal(empty, '');
  t.match(process, new RegExp(`^pid ${one.child.pid} MAC 00:ff:01:02:03:04 uptime \\d+$`));
  t.equal(mgmt, `mgmt ${one.path} perm 0600`);
});

for (const [args, mode] of [
  [[], '0600'],
  [['-m', '660'], '0660'],
  [['--dirmode', '755'], '0644'],
]) {
  t.test(`console-ds-showinfo[${args.join(' ') || 'no option'}]: ds/showinfo shows directory and mode`, async (t) => {
    const one = await startConsole(t, ...args);
    t.same(await one.console.data('ds/showinfo'), [`ctl dir ${one.directory}`, `std mode ${mode}`]);
  });
}
