/**
 * Black-box tests of plugins: `dump`, `pdump` and `iplog`, added by their names.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, tagged, until } from './peer.mjs';

const { exists, invalid, noEntry, success, unknown } = status;
const stationA = '02:00:00:00:00:0a';
const heading = ['NAME                   HELP', '------------           ----'];

/** A switch without plugins. The checks here add none. */
const shared = await startConsole(t);
const fresh = reusedConsole(t);

checkStatuses(t, 'plugin', shared, [
  ['plugin/add', invalid],
  ['plugin/add nosuch', noEntry],
  ['plugin/add /nosuch/plugin.so', noEntry],
  ['plugin/add dump.so', noEntry],
  ['plugin/add dumpx', noEntry],
  ['plugin/add dum', noEntry],
  ['plugin/add DUMP', noEntry],
  ['plugin/del', noEntry],
  ['plugin/del nosuch', noEntry],
  ['plugin/del dump', noEntry],
  ['dump/active 1', unknown],
  ['pdump/active 1', unknown],
  ['iplog/showinfo', unknown],
]);

t.test('plugin-no-library: no library is loaded', async (t) => {
  const { console } = await fresh(t);
  for (const library of ['libc.so.6', 'libm.so.6']) t.equal(await console.status(`plugin/add ${library}`), noEntry, library);
});

t.test('plugin-path: the path of a library stands for the plugin of that name', async (t) => {
  const { console } = await fresh(t);
  t.equal(await console.status('plugin/add /usr/lib/vde2/plugins/dump.so'), success);
  t.same((await console.ask('plugin/list')).data.length, heading.length + 1);
});

t.test('plugin-none: no plugin is active at first', async (t) => {
  const console = await shared.session(t);
  for (const line of ['plugin/list', 'plugin/list dump']) {
    const { data, status: ended } = await console.ask(line);
    t.same(data, heading, line);
    t.equal(ended, noEntry);
  }
});

/** Returns the names that `plugin/list` has. */
const names = async (console, prefix = '') => {
  const [first, second, ...rows] = (await console.ask(`plugin/list ${prefix}`)).data;
  if (first !== heading[0] || second !== heading[1]) throw new Error(`${first}\n${second}`);
  return rows.map((row) => /^(\S+) +\S/.exec(row)[1]);
};

t.test('plugin-add-remove: plugins are added once, listed in that order, and removed', async (t) => {
  const { console } = await fresh(t);
  await console.give('plugin/add pdump', 'plugin/add dump', 'plugin/add iplog');
  t.equal(await console.status('plugin/add dump'), exists);
  t.same(await names(console), ['pdump', 'dump', 'iplog']);
  t.same(await names(console, 'd'), ['dump']);
  t.same(await names(console, 'dumpx'), []);
  t.match((await console.data('plugin/list dump'))[2], /^dump {19}\S/, 'the name is in a column of 22');
  await console.give('plugin/del dump');
  t.same(await names(console), ['pdump', 'iplog']);
  t.equal(await console.status('plugin/del dump'), noEntry);
  await console.give('plugin/add dump');
  t.same(await names(console), ['pdump', 'iplog', 'dump']);
});

t.test('plugin-prefix: the beginning of a name is enough to remove a plugin', async (t) => {
  const { console } = await fresh(t);
  await console.give('plugin/add iplog', 'plugin/add dump', 'plugin/del du');
  t.same(await names(console), ['iplog']);
});

t.test('plugin-no-name: plugin/del without a name removes none', async (t) => {
  const { console } = await fresh(t);
  await console.give('plugin/add dump');
  t.equal(await console.status('plugin/del'), noEntry);
  t.same(await names(console), ['dump']);
});

for (const [plugin, commands, events] of [
  [
    'dump',
    [
      ['dump', '============'],
      ['dump/active', '0/1'],
    ],
    [
      ['dump/packetin', '101'],
      ['dump/packetout', '102'],
    ],
  ],
  [
    'pdump',
    [
      ['pdump', '============'],
      ['pdump/active', '0/1'],
      ['pdump/filename', '<file>'],
      ['pdump/buffered', '0/1'],
    ],
    [
      ['pdump/packetin', '101'],
      ['pdump/packetout', '102'],
    ],
  ],
  [
    'iplog',
    [
      ['iplog', '============'],
      ['iplog/showinfo', ''],
      ['iplog/logfile', 'pathname'],
      ['iplog/ipadd', 'ipaddr/mask'],
      ['iplog/ipdel', 'ipaddr/mask'],
      ['iplog/list', ''],
      ['iplog/setgcint', 'N'],
      ['iplog/setexpire', 'N'],
      ['iplog/iplist', ''],
      ['iplog/ipport', 'port'],
      ['iplog/ipuser', 'user'],
      ['iplog/ipsearch', 'ipaddr'],
    ],
    [['iplog/newip', '301']],
  ],
]) {
  t.test(`plugin-commands[${plugin}]: has these commands and events while it is active`, async (t) => {
    const { console } = await fresh(t);
    const rows = async () => (await console.data(`help ${plugin}`)).slice(2).map((row) => row.slice(0, 35));
    t.same(await rows(), []);
    t.equal(await console.status(`debug/list ${plugin}`), noEntry);
    await console.give(`plugin/add ${plugin}`);
    t.same(
      await rows(),
      commands.map(([path, syntax]) => `${path.padEnd(18)} ${syntax.padEnd(15)} `),
    );
    t.same(
      (await console.data(`debug/list ${plugin}`)).slice(2).map((row) => row.slice(0, 34)),
      events.map(([path, tag]) => `${path.padEnd(22)} ${tag} OFF    `),
    );
    await console.give(`plugin/del ${plugin}`);
    t.same(await rows(), []);
    t.equal(await console.status(`debug/list ${plugin}`), noEntry);
    t.equal(await console.status(`${commands[1][0]} 1`), unknown);
  });
}

/**
 * Returns a switch with a plugin, and clients at ports 1 and 2. Once removed, `dump` of the original tells nothing when it is added
 * again.
 */
async function withPlugin(t, plugin, ...lines) {
  const one = await (plugin === 'dump' ? startConsole(t) : fresh(t));
  const clients = [await Client.joined(t, one.directory), await Client.joined(t, one.directory)];
  await one.console.give(`plugin/add ${plugin}`, ...lines);
  return [one.console, ...clients, one];
}

const hex = (octets) => octets.toString('hex').replaceAll(/../g, '$& ');

t.test('dump-frames: each frame is reported with its port, in and out', async (t) => {
  const [console, a] = await withPlugin(t, 'dump', 'debug/add dump', 'dump/active 1');
  const sent = frame(everybody, stationA);
  a.send(sent);
  t.same(await console.eventsInNumber(2), [
    `3101 dump/packetin Pkt: Port 0001 len=0060 ${hex(sent)}`,
    `3102 dump/packetout Pkt: Port 0002 len=0060 ${hex(sent)}`,
  ]);
});

t.test('dump-tag: a tag is shown', async (t) => {
  const [console, a] = await withPlugin(
    t,
    'dump',
    'debug/add dump',
    'dump/active 1',
    'vlan/create 10',
    'vlan/addport 10 2',
    'port/setvlan 1 10',
  );
  const sent = frame(everybody, stationA, 100);
  a.send(sent);
  t.same(await console.eventsInNumber(2), [
    `3101 dump/packetin Pkt: Port 0001 len=0100 ${hex(sent)}`,
    `3102 dump/packetout Pkt: Port 0002 len=0104 ${hex(tagged(sent, 10))}`,
  ]);
});

t.test('dump-sessions: only sessions that asked get events, only of the kinds they asked for, only while it is on', async (t) => {
  const [console, a, b, one] = await withPlugin(t, 'dump', 'debug/add dump/packetout');
  const other = await one.session(t);
  const send = async () => {
    a.send(frame(everybody, stationA));
    await b.receive();
    await console.status('port/showinfo');
    return console.events().map((event) => event.slice(0, 35));
  };
  t.same(await send(), [], 'off');
  await console.give('dump/active 1');
  t.same(await send(), ['3102 dump/packetout Pkt: Port 0002 ']);
  await console.give('dump/active');
  t.same(await send(), [], 'off again');
  await other.status('port/showinfo');
  t.same(other.events(), []);
});

for (const line of ['pdump/buffered 1', 'pdump/buffered'])
  t.test(`pdump-status[${line}]: succeeds`, async (t) => {
    const { console } = await fresh(t);
    await console.give('plugin/add pdump');
    t.equal((await console.ask(line)).text, `${success}\n`);
  });

t.test('pdump-file-name: the file is vde_dump.cap, or the given one', async (t) => {
  const { console, parent } = await fresh(t);
  const path = join(parent, 'other');
  await console.give('plugin/add pdump');
  t.same(await console.data('pdump/filename'), ['dumpfile=vde_dump.cap']);
  t.same(await console.data(`pdump/filename ${path}`), [`dumpfile=${path}`]);
  t.same(await console.data('pdump/filename'), [`dumpfile=${path}`]);
});

t.test('pdump-pcap: each frame is in the file, in and out, as pcap', async (t) => {
  const [console, a, b, one] = await withPlugin(t, 'pdump');
  const path = join(one.parent, 'cap');
  await console.data(`pdump/filename ${path}`);
  t.equal((await console.ask('pdump/active 1')).text, `0000 DATA END WITH '.'\n.\n${success}\n`);
  t.equal((await console.ask('pdump/active 1')).text, `0000 DATA END WITH '.'\n.\n${exists}\n`, 'it is on already');
  const sent = frame(everybody, stationA, 77);
  a.send(sent);
  await b.receive();
  t.equal((await console.ask('pdump/active 0')).status, success);
  t.equal((await console.ask('pdump/active 0')).text, `0000 DATA END WITH '.'\n.\n${noEntry}\n`, 'it is off already');
  await until(() => readFileSync(path).length >= 24 + 2 * (16 + 77), one.parent);
  const file = readFileSync(path);
  t.equal(file.toString('hex', 0, 16), 'd4c3b2a1020004000000000000000000', 'pcap of version 2.4');
  t.equal(file.readUInt32LE(20), 1, 'Ethernet');
  for (const at of [24, 24 + 16 + 77]) {
    t.ok(Math.abs(file.readUInt32LE(at) - Date.now() / 1000) < 60, 'now');
    t.equal(file.readUInt32LE(at + 8), 77);
    t.equal(file.readUInt32LE(at + 12), 77);
    t.same(file.subarray(at + 16, at + 16 + 77), sent);
  }
  t.equal(file.length, 24 + 2 * (16 + 77));
});

t.test('pdump-no-file: a file that cannot be created', async (t) => {
  const { console } = await fresh(t);
  await console.give('plugin/add pdump');
  await console.ask('pdump/filename /nosuch/file');
  t.equal(await console.status('pdump/active 1'), invalid);
});
