/**
 * Black-box tests of the console's events: which there are, who is told them, and what they say.
 */
import t from 'tap';
import { checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, numbered, portWord, tagged, until } from './peer.mjs';

const { success, exists, invalid, noEntry } = status;
const shared = await startConsole(t);
const fresh = reusedConsole(t);

const heading = ['CATEGORY               TAG STATUS HELP', '------------           --- ------ ----'];

/** The kinds of events in their order, each with its tag. */
const kinds = [
  ['hash/+', '011'],
  ['hash/-', '012'],
  ['fstp/status', '044'],
  ['fstp/root', '045'],
  ['fstp/+', '041'],
  ['fstp/-', '042'],
  ['port/+', '021'],
  ['port/-', '022'],
  ['port/descr', '023'],
  ['port/ep/+', '031'],
  ['port/ep/-', '032'],
];

/** The kinds of events that ours has in addition. */
const added = ['hash/move'];

/** `debug/list` without what it says for people, and without the kinds that ours has in addition. */
const list = async (console, prefix = '') => {
  const rows = await console.data(`debug/list ${prefix}`);
  const known = rows.filter((row) => !added.some((path) => row.startsWith(`${path} `)));
  return known.map((row, i) => (i < 2 ? row : row.slice(0, 34).trimEnd()));
};

const row = ([path, tag], on = false) => `${path.padEnd(22)} ${tag} ${on ? 'ON' : 'OFF'}`;

t.test('debug-kinds: all kinds of events are listed, and off at first', async (t) => {
  const console = await shared.session(t);
  t.same(await list(console), [...heading, ...kinds.map((kind) => row(kind))]);
});

for (const [path, tag] of kinds) {
  t.test(`debug-kind[${path}]: has tag ${tag} and a description`, async (t) => {
    const console = await shared.session(t);
    const found = (await console.data(`debug/list ${path}`)).slice(2);
    t.equal(found.length, 1);
    t.match(found[0].slice(0, 34), `${path.padEnd(22)} ${tag} OFF    `);
    t.match(found[0].slice(34), /^\S/);
  });
}

for (const prefix of ['hash', 'port', 'port/', 'port/ep', 'fstp/s', 'p', '  hash/']) {
  t.test(`debug-list[${prefix}]: debug/list shows the kinds with this beginning`, async (t) => {
    const console = await shared.session(t);
    t.same(await list(console, prefix), [...heading, ...kinds.filter(([path]) => path.startsWith(prefix.trim())).map((kind) => row(kind))]);
  });
}

for (const prefix of ['nosuch', 'hash/+x', 'PORT', 'mgmt', 'sig/hup', 'packet/in']) {
  t.test(`debug-list-none[${prefix}]: debug/list finds nothing`, async (t) => {
    const console = await shared.session(t);
    const { data, status } = await console.ask(`debug/list ${prefix}`);
    t.same(data, heading);
    t.equal(status, noEntry);
  });
}

checkStatuses(t, 'debug', shared, [
  ['debug/add', success],
  ['debug/add port', success],
  ['debug/add port/ep/+', success],
  ['debug/add nosuch', invalid],
  ['debug/add hash/+ port', invalid],
  ['debug/add HASH', invalid],
  ['debug/add mgmt/+', invalid],
  ['debug/add sig/hup', invalid],
  ['debug/add packet', invalid],
  ['debug/del', noEntry],
  ['debug/del port', noEntry],
  ['debug/del nosuch', invalid],
]);

t.test('debug-repeated: events already on, and events already off', async (t) => {
  const console = await shared.session(t);
  for (const [line, expected] of [
    ['debug/add port/ep', success],
    ['debug/add port/ep', exists],
    ['debug/add port/ep/+', exists],
    ['debug/add port', success],
    ['debug/add port', exists],
    ['debug/del port/+', success],
    ['debug/del port/+', noEntry],
    ['debug/add', success],
    ['debug/add', exists],
    ['debug/del hash', success],
    ['debug/del', success],
    ['debug/del', noEntry],
  ])
    t.equal(await console.status(line), expected, line);
});

t.test('debug-sessions: each session has its own events', async (t) => {
  const [a, b] = [await shared.session(t), await shared.session(t)];
  await a.give('debug/add hash');
  t.same(await list(a, 'h'), [...heading, row(kinds[0], true), row(kinds[1], true)]);
  t.same(await list(b, 'h'), [...heading, row(kinds[0]), row(kinds[1])]);
  t.equal(await b.status('debug/del hash'), noEntry);
});

/** Returns a switch whose console is told these, and how to have clients. */
async function told(t, ...prefixes) {
  const one = await fresh(t);
  await one.console.give(...prefixes.map((prefix) => `debug/add ${prefix}`));
  const join = (word) => Client.joined(t, one.directory, word);
  return { ...one, join };
}

const idOf = async (console, port) =>
  /endpoint ID (\d+)/.exec((await console.data(`port/print ${port}`)).at(-1))[1].replace(/^0+(?=\d)/, '');

t.test('debug-new-port: a client creates its port', async (t) => {
  const { console, join } = await told(t, 'port');
  await join();
  const id = (await idOf(console, 1)).padStart(2);
  t.same(console.events(), ['3021 port/+ 01', `3031 port/ep/+ Port 01 FD ${id}`, `3023 port/descr Port 01 FD ${id} -> "conformance"`]);
});

t.test('debug-old-port: a client arrives at an existing port', async (t) => {
  const { console, join } = await told(t, 'port');
  await console.give('port/create 12');
  t.same(console.events(), ['3021 port/+ 12']);
  await join(portWord(12));
  const id = (await idOf(console, 12)).padStart(2);
  t.same(console.events(), [`3031 port/ep/+ Port 12 FD ${id}`, `3023 port/descr Port 12 FD ${id} -> "conformance"`]);
});

t.test('debug-last-client: the last client of a port leaves', async (t) => {
  const { console, join } = await told(t, 'port/ep/-', 'port/-');
  const client = await join();
  const id = (await idOf(console, 1)).padStart(2);
  client.close();
  t.same(await console.eventsInNumber(2), [`3032 port/ep/- Port 01 FD ${id}`, '3022 port/- 01']);
});

t.test('debug-one-of-two: one of two clients of a port leaves', async (t) => {
  const { console, join } = await told(t, 'port/ep/-', 'port/-');
  const first = await join(portWord(4));
  await join(portWord(4));
  first.close();
  t.match(await console.event(), /^3032 port\/ep\/- Port 04 FD [ \d]\d$/);
  t.equal(await console.status('port/print 4'), success);
  t.same(console.events(), []);
});

t.test('debug-returns: a client returns to a port that stayed', async (t) => {
  const { console, join } = await told(t, 'port/+', 'port/-');
  const client = await join();
  client.close();
  t.same(await console.eventsInNumber(2), ['3021 port/+ 01', '3022 port/- 01']);
  await join();
  t.equal(await console.status('port/print 1'), success);
  t.same(console.events(), [], 'is no new port');
});

t.test('debug-epclose: a client is disconnected by the console', async (t) => {
  const { console, join } = await told(t, 'port/ep/-', 'port/-');
  await join();
  const id = await idOf(console, 1);
  t.equal(await console.status(`port/epclose 1 ${id}`), success);
  const events = console.events();
  while (events.length < 2) events.push(await console.event());
  t.same(events, [`3032 port/ep/- Port 01 FD ${id.padStart(2)}`, '3022 port/- 01']);
});

for (const [line, event] of [
  ['port/create 9', '3021 port/+ 09'],
  ['port/create 31', '3021 port/+ 31'],
  ['port/create', '3021 port/+ 01'],
  ['port/createauto', '3021 port/+ 01'],
]) {
  t.test(`debug-before-reply[${line}]: the event comes before the reply`, async (t) => {
    const { console } = await told(t, 'port');
    t.equal(await console.status(line), success);
    t.same(console.events(), [event]);
  });
}

t.test('debug-port-100: a port above 99', async (t) => {
  const { console } = await told(t, 'port');
  await console.give('port/setnumports 200', 'port/create 100');
  t.same(console.events(), ['3021 port/+ 100']);
});

t.test('debug-silent: a removed port and refused commands make no event', async (t) => {
  const { console } = await told(t, 'port');
  await console.give('port/create 9', 'port/remove 9');
  await console.status('port/create 99');
  t.same(console.events(), ['3021 port/+ 09']);
});

t.test('debug-learned: a station is learned', async (t) => {
  const { console, join } = await told(t, 'hash');
  const client = await join();
  client.send(frame(everybody, '02:00:00:00:00:0a'));
  t.equal(await console.event(), '3011 hash/+ 02:00:00:00:00:0a VLAN 00:00 Port 1');
});

t.test('debug-learned-vlan: a station is learned in a VLAN, whose lower octet comes first', async (t) => {
  const { console, join } = await told(t, 'hash');
  const client = await join(portWord(12));
  await console.give('vlan/create 300', 'vlan/addport 300 12');
  client.send(tagged(frame(everybody, '02:00:00:00:00:0a'), 300));
  t.equal(await console.event(), '3011 hash/+ 02:00:00:00:00:0a VLAN 2c:01 Port 12');
});

t.test('debug-learned-once: a station is reported once', async (t) => {
  const { console, join } = await told(t, 'hash');
  const [a, b] = [await join(), await join()];
  for (let i = 0; i < 3; i++) a.send(frame(everybody, '02:00:00:00:00:0a'));
  for (let i = 0; i < 3; i++) await b.receive();
  t.equal(await console.status('port/showinfo'), success);
  t.same(console.events(), ['3011 hash/+ 02:00:00:00:00:0a VLAN 00:00 Port 1']);
});

for (const [key, what, line] of [
  ['size', 'the table gets another size', 'hash/setsize 64'],
  ['setvlan', 'its port leaves the VLAN', 'port/setvlan 1 10'],
]) {
  t.test(`debug-forgotten[${key}]: a station is forgotten when ${what}`, async (t) => {
    const { console, join } = await told(t, 'hash');
    const client = await join();
    await console.give('vlan/create 10');
    client.send(frame(everybody, '02:00:00:00:00:0a'));
    await console.event();
    t.equal(await console.status(line), success);
    t.same(console.events(), ['3012 hash/- 02:00:00:00:00:0a VLAN 00:00 Port 1']);
  });
}

t.test('debug-forgotten-member: a station is forgotten when its port leaves a tagged VLAN', async (t) => {
  const { console, join } = await told(t, 'hash');
  const client = await join();
  await console.give('vlan/create 300', 'vlan/addport 300 1');
  client.send(tagged(frame(everybody, '02:00:00:00:00:0a'), 300));
  await console.event();
  await console.give('vlan/delport 300 1');
  t.same(console.events(), ['3012 hash/- 02:00:00:00:00:0a VLAN 2c:01 Port 1']);
});

t.test('debug-forgotten-client: a station is forgotten when its client leaves', async (t) => {
  const { console, join } = await told(t, 'hash');
  const client = await join();
  client.send(frame(everybody, '02:00:00:00:00:0a'));
  await console.event();
  client.close();
  t.equal(await console.event(), '3012 hash/- 02:00:00:00:00:0a VLAN 00:00 Port 1');
});

t.test('debug-root: the switch is the root of a new VLAN', async (t) => {
  const one = await startConsole(t, '--macaddr', '00:ff:01:02:03:04', '--priority', '0x1234');
  await one.console.give('debug/add fstp', 'vlan/create 300');
  t.same(one.console.events(), ['3045 fstp/root Port 0000 VLAN 01:2c -> 12:34:00:ff:01:02:03:04']);
  await one.console.give('vlan/remove 300');
  t.same(one.console.events(), []);
});

t.test('debug-one-kind: a session gets only the kind it asked for', async (t) => {
  const { console, join } = await told(t, 'port/ep/+');
  const client = await join();
  client.send(frame(everybody, '02:00:00:00:00:0a'));
  await console.give('vlan/create 9', 'port/create 9');
  t.equal((await console.data('hash/print')).length, 1);
  t.match(console.events().join(), /^3031 port\/ep\/\+ Port 01 FD [ \d]\d$/);
});

t.test('debug-del: a session gets nothing after debug/del', async (t) => {
  const { console } = await told(t, 'port');
  await console.give('port/create 1', 'debug/del port', 'port/create 2');
  t.same(console.events(), ['3021 port/+ 01']);
});

t.test('debug-at-once: events of another session come at once, without a prompt', async (t) => {
  const one = await told(t, 'port');
  const other = await one.session(t);
  await other.give('port/create 1', 'port/create 2');
  t.equal(await one.console.until('02\n'), '3021 port/+ 01\n3021 port/+ 02\n');
  t.same(other.events(), []);
  t.equal((await one.console.ask('debug/add port')).text, `${exists}\n`);
});

t.test('debug-slow-reader: events wait for a session that does not read', async (t) => {
  const { console, join, session } = await told(t, 'hash');
  const client = await join();
  const other = await session(t);
  const stations = Array.from({ length: 4000 }, (_, i) => numbered(i));
  console.stream.pause();
  for (const station of stations) while (client.send(frame(everybody, station)) < 0) await other.ask('port/showinfo');
  await until(async () => (await other.status(`hash/find ${stations.at(-1)}`)) === success);
  console.stream.resume();
  t.same(
    await console.eventsInNumber(stations.length),
    stations.map((station) => `3011 hash/+ ${station} VLAN 00:00 Port 1`),
  );
});

t.test('debug-none: a session that did not ask gets no events', async (t) => {
  const one = await told(t, 'port');
  const other = await one.session(t);
  await one.console.give('port/create 1');
  t.equal(await other.transcript('debug/del\n'), `${noEntry}\n\nvde$ `);
});
