/**
 * Black-box tests of what the console shows and tells of spanning trees when bridges are heard.
 */
import t from 'tap';
import { bpdu, bridgeId, isBpdu, readBpdu } from './bpdu.mjs';
import { fstpTree, reusedConsole, rootedTree, status, treePort } from './console.mjs';
import { Client, everybody, frame, portWord, tagged } from './peer.mjs';

const { success } = status;
const self = bridgeId(0x8000, '00:ff:aa:bb:cc:01').toString('hex');
const better = bridgeId(0x1000, '00:ff:00:00:00:01');
const worse = bridgeId(0xf000, '00:ff:00:00:00:02');
const macaddr = ['--macaddr', '00:ff:aa:bb:cc:01'];
const fresh = reusedConsole(t);

const addressed = reusedConsole(t, ...macaddr);

/** Returns a switch that is in the trees. */
async function inTrees(t) {
  const one = await addressed(t);
  await one.console.data('fstp/setfstp 1');
  return one;
}

/** Returns the console of such a switch, which is told of the trees, and so many clients at the ports. */
async function withClients(t, count, ...lines) {
  const one = await inTrees(t);
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await Client.joined(t, one.directory));
  await one.console.give(...lines, 'debug/add fstp');
  return [one.console, ...clients, one];
}

/** Returns the next BPDU that a client hears, and that is wanted; undefined when none comes. */
async function nextBpdu(client, wanted = () => true) {
  return readBpdu(await client.receiveThat((octets) => isBpdu(octets) && wanted(readBpdu(octets))));
}

/** Waits for an event, whatever comes before it. */
async function heard(console, event) {
  while ((await console.event()) !== event);
}

t.test('console-trees-root-at-once: a new client learns at once which bridge is root', async (t) => {
  const [, a] = await withClients(t, 1);
  const said = await nextBpdu(a);
  t.match(said, { vid: 0, root: self, cost: 0, bridge: self, port: 0x8001, flags: 0x3c });
  t.equal(said.octets.length, 53);
});

t.test('console-trees-root-tagged: and in each VLAN of its port, with its tag', async (t) => {
  const [, a] = await withClients(t, 1, 'vlan/create 291', 'vlan/addport 291 1');
  const said = await nextBpdu(a, ({ vid }) => vid !== 0);
  t.match(said, { vid: 291, root: self, bridge: self, port: 0x8001 });
  t.equal(said.octets.length, 57);
});

t.test('console-trees-better-root: a better root is accepted, with an event', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  t.same(await console.eventsInNumber(3), [
    '3041 fstp/+ Port 0001 VLAN 00:00',
    '3045 fstp/root Port 0001 VLAN 00:00 -> 10:00:00:ff:00:00:00:01',
    '3044 fstp/status Port 0001 VLAN 00:00 learning+forwarding',
  ]);
  t.same(await fstpTree(console), [
    'FST DATA VLAN 0000  ',
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated 10:00:00:ff:00:00:00:01',
    ' ++ rootport 0001 cost 20000000 age N bonusport 0000 bonuscost 0',
    treePort(1, 'Root'),
  ]);
  t.same(await console.data('vlan/print'), ['VLAN 0000', ' -- Port 0001 tagged=0 active=1 status=Forwarding']);
});

t.test('console-trees-agreement: a better root is answered with an agreement', async (t) => {
  const [, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  const said = await nextBpdu(a, ({ root }) => root === better.toString('hex'));
  t.match(said, { cost: 20_000_000, bridge: self, port: 0x8001 });
  t.equal(said.flags & 0x4c, 0x44, 'of a root port that agrees');
});

t.test("console-trees-cost: the cost of a path is the neighbour's plus the port's", async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ root: better, cost: 1234, bridge: worse, port: 0x8007 }));
  await console.eventsInNumber(3);
  t.same((await fstpTree(console)).slice(1, 4), [
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated f0:00:00:ff:00:00:00:02',
    ' ++ rootport 0001 cost 20001234 age N bonusport 0000 bonuscost 0',
  ]);
});

t.test('console-trees-bonus: a bonus makes a path cheaper', async (t) => {
  const [console, a] = await withClients(t, 1, 'fstp/bonus 0 1 5000000');
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  t.equal((await fstpTree(console))[3], ' ++ rootport 0001 cost 15000000 age N bonusport 0001 bonuscost 5000000');
});

t.test('console-trees-second-path: a second path to the root is closed, with an event', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(bpdu({ bridge: better, port: 0x8001 }));
  await console.eventsInNumber(3);
  b.send(bpdu({ bridge: better, port: 0x8002 }));
  t.same(await console.eventsInNumber(2), ['3041 fstp/+ Port 0002 VLAN 00:00', '3044 fstp/status Port 0002 VLAN 00:00 discarding']);
  t.same((await fstpTree(console)).slice(4), [treePort(1, 'Root'), treePort(2, 'Alternate/Backup')]);
  t.same(await console.data('vlan/print'), [
    'VLAN 0000',
    ' -- Port 0001 tagged=0 active=1 status=Forwarding',
    ' -- Port 0002 tagged=0 active=1 status=Discarding',
  ]);
  t.same(await console.data('vlan/allprint'), await console.data('vlan/print'));
});

t.test('console-trees-closed: a closed port passes nothing', async (t) => {
  const [console, a, b, c] = await withClients(t, 3);
  a.send(bpdu({ bridge: better, port: 0x8001 }));
  await console.eventsInNumber(3);
  b.send(bpdu({ bridge: better, port: 0x8002 }));
  await console.eventsInNumber(2);
  b.send(frame(everybody, '02:00:00:00:00:0b'));
  a.send(frame(everybody, '02:00:00:00:00:0a', 61));
  const isOurs = (octets) => octets.readUInt16BE(12) === 0x88b5;
  t.equal((await c.receiveThat(isOurs))?.length, 61, 'what came in there');
  c.send(frame(everybody, '02:00:00:00:00:0c', 62));
  t.equal((await a.receiveThat(isOurs))?.length, 62);
  for (let octets = b.poll(); octets !== undefined; octets = b.poll()) t.notOk(isOurs(octets), 'what would go out there');
  t.equal((await console.data('hash/print')).length, 2, 'nor is anybody learnt there');
});

t.test('console-trees-better-path: a better path to the same root is taken', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(bpdu({ root: better, cost: 100, bridge: worse }));
  await console.eventsInNumber(3);
  b.send(bpdu({ root: better, cost: 50, bridge: worse, port: 0x8002 }));
  await heard(console, '3045 fstp/root Port 0002 VLAN 00:00 -> 10:00:00:ff:00:00:00:01');
  t.equal((await fstpTree(console))[3], ' ++ rootport 0002 cost 20000050 age N bonusport 0000 bonuscost 0');
});

t.test('console-trees-false-root: a bridge that claims to be root and is not is answered at once', async (t) => {
  const [console, a] = await withClients(t, 1);
  await nextBpdu(a);
  a.send(bpdu({ bridge: worse }));
  t.equal(await console.event(), '3041 fstp/+ Port 0001 VLAN 00:00');
  t.match(await nextBpdu(a), { root: self, cost: 0, bridge: self });
  t.equal((await fstpTree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
});

t.test('console-trees-per-vlan: each VLAN has a tree of its own', async (t) => {
  const [console, a] = await withClients(t, 1, 'vlan/create 291', 'vlan/addport 291 1');
  a.send(tagged(bpdu({ bridge: better }), 291));
  t.same(await console.eventsInNumber(3), [
    '3041 fstp/+ Port 0001 VLAN 01:23',
    '3045 fstp/root Port 0001 VLAN 01:23 -> 10:00:00:ff:00:00:00:01',
    '3044 fstp/status Port 0001 VLAN 01:23 learning+forwarding',
  ]);
  t.equal((await fstpTree(console, 0))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  t.same(await fstpTree(console, 291), [
    'FST DATA VLAN 0291  ',
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated 10:00:00:ff:00:00:00:01',
    ' ++ rootport 0001 cost 20000000 age N bonusport 0000 bonuscost 0',
    treePort(1, 'Unknown', 1),
  ]);
});

t.test('console-trees-edge: an edge port ignores bridges, and sends them nothing', async (t) => {
  const [console, a, b] = await withClients(t, 2, 'fstp/setedge 0 1 1');
  t.same((await fstpTree(console)).slice(4), [treePort(1, 'Edge'), treePort(2, 'Designated')]);
  a.send(bpdu({ bridge: better }));
  b.send(bpdu({ bridge: worse }));
  t.equal(await console.event(), '3041 fstp/+ Port 0002 VLAN 00:00');
  t.equal((await fstpTree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  await console.give('fstp/setedge 0 1 0');
  a.send(bpdu({ bridge: better }));
  await heard(console, '3041 fstp/+ Port 0001 VLAN 00:00');
  t.equal((await fstpTree(console))[4], treePort(1, 'Root'));
});

t.test('console-trees-edge-ends: a port is no edge any more when its client connects again', async (t) => {
  const [console, a, one] = await withClients(t, 1, 'fstp/setedge 0 1 1', 'debug/add port/-');
  a.close();
  await console.event();
  await Client.joined(t, one.directory);
  t.equal((await fstpTree(console))[4], treePort(1, 'Designated'));
});

for (const [key, what, edit] of [
  ['version-0', 'of version 0', { version: 0 }],
  ['version-3', 'of version 3', { version: 3 }],
  ['type-80', 'of type 0x80', { type: 0x80 }],
]) {
  t.test(`console-trees-ignored[${key}]: a BPDU ${what} changes no root`, async (t) => {
    const [console, a] = await withClients(t, 1);
    a.send(bpdu({ bridge: better, ...edit }));
    a.send(bpdu({ bridge: worse }));
    t.equal(await console.event(), '3041 fstp/+ Port 0001 VLAN 00:00');
    await nextBpdu(a);
    t.equal((await fstpTree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  });
}

t.test('console-trees-off: with spanning tree off, BPDUs pass like any group', async (t) => {
  const one = await fresh(t);
  const [a, b] = [await Client.joined(t, one.directory), await Client.joined(t, one.directory)];
  const sent = bpdu({ bridge: better });
  a.send(sent);
  t.same(await b.receive(), sent);
  t.match((await fstpTree(one.console))[0], 'ROOTSWITCH FSTP IS DISABLED');
});

t.test('console-trees-on: with spanning tree on, BPDUs do not pass', async (t) => {
  const [console, a, b, c] = await withClients(t, 3);
  const sent = bpdu({ bridge: worse });
  a.send(sent);
  await heard(console, '3041 fstp/+ Port 0001 VLAN 00:00');
  c.send(frame(everybody, '02:00:00:00:00:0c'));
  const next = await b.receiveThat((octets) => octets.equals(sent) || octets.readUInt16BE(12) === 0x88b5);
  t.equal(next?.length, 60);
});

t.test('console-trees-leaves: a switch that leaves the trees is its own root in each VLAN, and announces it', async (t) => {
  const [console, a] = await withClients(t, 1, 'vlan/create 291');
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  t.equal(await console.status('fstp/setfstp 0'), success);
  t.same(
    console.events().filter((event) => event.includes('fstp/root')),
    ['3045 fstp/root Port 0000 VLAN 00:00 -> 80:00:00:ff:aa:bb:cc:01', '3045 fstp/root Port 0000 VLAN 01:23 -> 80:00:00:ff:aa:bb:cc:01'],
  );
  t.same((await fstpTree(console, 0)).slice(0, 5), [...rootedTree({ disabled: true }), treePort(1, 'Designated')]);
});

t.test('console-trees-reopens: a switch that leaves the trees opens its closed ports', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(bpdu({ bridge: better, port: 0x8001 }));
  await console.eventsInNumber(3);
  b.send(bpdu({ bridge: better, port: 0x8002 }));
  await console.eventsInNumber(2);
  await console.give('fstp/setfstp 0');
  t.same(await console.data('vlan/print'), [
    'VLAN 0000',
    ' -- Port 0001 tagged=0 active=1 status=Forwarding',
    ' -- Port 0002 tagged=0 active=1 status=Forwarding',
  ]);
});

t.test('console-trees-root-port-lost: when the root port is lost, the switch is the root', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  a.close();
  await heard(console, '3045 fstp/root Port 0000 VLAN 00:00 -> 80:00:00:ff:aa:bb:cc:01');
  t.same(await fstpTree(console), rootedTree());
});

t.test('console-trees-port-16: a port above 15 has its number in its BPDU', async (t) => {
  const one = await inTrees(t);
  const a = await Client.joined(t, one.directory, portWord(17));
  t.equal((await nextBpdu(a))?.port, 0x8111);
});
