/**
 * Black-box tests of the console's menu of VLANs.
 */
import t from 'tap';
import { checkEmptyBlocks, checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, tagged } from './peer.mjs';

const { noAddress, exists, invalid, inUse, success } = status;

/**
 * Port 3 is an untagged member of VLAN 0, and a tagged one of 20; VLAN 30 has no members; 77 does not exist. The checks here do not change
 * that.
 */
const shared = await startConsole(t);
const fresh = reusedConsole(t);
await shared.console.give('port/create 3', 'vlan/create 20', 'vlan/create 30', 'vlan/addport 20 3');

checkStatuses(t, 'console-vlan', shared, [
  ['vlan/create', invalid],
  ['vlan/create 0', invalid],
  ['vlan/create x', invalid],
  ['vlan/create 0x10', invalid],
  ['vlan/create -1', invalid],
  ['vlan/create 4094', invalid],
  ['vlan/create 4095', invalid],
  ['vlan/create 4096', invalid],
  ['vlan/create 70000', invalid],
  ['vlan/create 20', exists],
  ['vlan/create 20x', exists],
  ['vlan/create 20 21', exists],
  ['vlan/remove', inUse],
  ['vlan/remove 0', inUse],
  ['vlan/remove x', inUse],
  ['vlan/remove 20', inUse],
  ['vlan/remove 77', noAddress],
  ['vlan/remove 4094', noAddress],
  ['vlan/remove 4095', invalid],
  ['vlan/remove 70000', invalid],
  ['vlan/remove -1', invalid],
  ['vlan/addport', invalid],
  ['vlan/addport 20', invalid],
  ['vlan/addport x 3', invalid],
  ['vlan/addport 20 x', invalid],
  ['vlan/addport 20 3', success],
  ['vlan/addport 0x14 03', success],
  ['vlan/addport 20 3 4', success],
  ['vlan/addport 0 3', success],
  ['vlan/addport 20 7', noAddress],
  ['vlan/addport 20 32', invalid],
  ['vlan/addport 20 -1', invalid],
  ['vlan/addport -1 3', invalid],
  ['vlan/addport 77 3', noAddress],
  ['vlan/addport 4093 3', noAddress],
  ['vlan/addport 4094 3', invalid],
  ['vlan/addport 4095 3', invalid],
  ['vlan/addport 77 7', noAddress],
  ['vlan/addport 77 32', invalid],
  ['vlan/delport', invalid],
  ['vlan/delport 20', invalid],
  ['vlan/delport x 3', invalid],
  ['vlan/delport 20 x', invalid],
  ['vlan/delport 0 3', inUse],
  ['vlan/delport 30 3', success],
  ['vlan/delport 20 7', noAddress],
  ['vlan/delport 20 32', invalid],
  ['vlan/delport -1 3', invalid],
  ['vlan/delport 77 3', noAddress],
  ['vlan/delport 4094 3', invalid],
  ['vlan/delport 5000 3', invalid],
]);

checkEmptyBlocks(t, 'console-vlan', shared, [
  ['vlan/print 77', noAddress],
  ['vlan/print 4093', noAddress],
  ['vlan/print 4094', invalid],
  ['vlan/print 4095', invalid],
  ['vlan/print -1', invalid],
  ['vlan/allprint 77', noAddress],
  ['vlan/allprint 4094', invalid],
  ['vlan/allprint -1', invalid],
  ['vlan/allprint 0', invalid],
  ['vlan/allprint x', invalid],
]);

const members = [' -- Port 0003 tagged=0 active=0 status=Learning', ' -- Port 0003 tagged=1 active=0 status=Learning'];

for (const [line, data] of [
  ['vlan/print', ['VLAN 0000', 'VLAN 0020', 'VLAN 0030']],
  ['vlan/print 0', ['VLAN 0000']],
  ['vlan/print x', ['VLAN 0000']],
  ['vlan/print 20', ['VLAN 0020']],
  ['vlan/print 20x', ['VLAN 0020']],
  ['vlan/allprint', ['VLAN 0000', members[0], 'VLAN 0020', members[1], 'VLAN 0030']],
  ['vlan/allprint 20', ['VLAN 0020', members[1]]],
  ['vlan/allprint 30', ['VLAN 0030']],
]) {
  t.test(`console-vlan-print[${line}]: shows a port without clients`, async (t) => {
    const console = await shared.session(t);
    t.same(await console.data(line), data);
  });
}

t.test('console-vlan-first: VLAN 0 exists from the start, and no other', async (t) => {
  const { console } = await fresh(t);
  t.same(await console.data('vlan/print'), ['VLAN 0000']);
});

t.test('console-vlan-create-remove: 1 to 4093 can be created and removed, and are listed by number', async (t) => {
  const { console } = await fresh(t);
  await console.give('vlan/create 4093', 'vlan/create 1', 'vlan/create 100x', 'vlan/create +7', 'vlan/create 010');
  t.same(await console.data('vlan/print'), ['VLAN 0000', 'VLAN 0001', 'VLAN 0007', 'VLAN 0010', 'VLAN 0100', 'VLAN 4093']);
  await console.give('vlan/remove 4093', 'vlan/remove 1', 'vlan/remove 7', 'vlan/remove 10', 'vlan/remove 100');
  t.same(await console.data('vlan/print'), ['VLAN 0000']);
});

t.test('console-vlan-all: all possible VLANs can exist', async (t) => {
  const { console } = await fresh(t);
  for (let vlan = 1; vlan <= 4093; vlan += 31) await console.give(`vlan/create ${vlan}`);
  t.equal((await console.data('vlan/print')).length, 134);
});

t.test('console-vlan-members: memberships of a port', async (t) => {
  const { console } = await fresh(t);
  const ofPort5 = async () => (await console.data('vlan/allprint')).join('').replaceAll(' active=0 status=Learning', '');
  await console.give('port/create 5', 'vlan/create 10', 'vlan/create 20');
  t.equal(await ofPort5(), 'VLAN 0000 -- Port 0005 tagged=0VLAN 0010VLAN 0020');
  await console.give('vlan/addport 10 5', 'vlan/addport 20 5', 'vlan/addport 10 5');
  t.equal(await ofPort5(), 'VLAN 0000 -- Port 0005 tagged=0VLAN 0010 -- Port 0005 tagged=1VLAN 0020 -- Port 0005 tagged=1', 'tagged');
  await console.give('vlan/addport 0 5');
  t.match(await ofPort5(), 'VLAN 0000 -- Port 0005 tagged=0', 'its untagged VLAN stays so');
  await console.give('port/setvlan 5 10');
  t.equal(await ofPort5(), 'VLAN 0000VLAN 0010 -- Port 0005 tagged=0VLAN 0020 -- Port 0005 tagged=1', 'it has one untagged VLAN');
  await console.give('vlan/delport 20 5', 'vlan/delport 20 5');
  t.equal(await ofPort5(), 'VLAN 0000VLAN 0010 -- Port 0005 tagged=0VLAN 0020');
  t.equal(await console.status('vlan/delport 10 5'), inUse, 'not that one');
  await console.give('port/setvlan 5 4095', 'vlan/delport 10 5', 'vlan/addport 10 5');
  t.equal(await ofPort5(), 'VLAN 0000VLAN 0010 -- Port 0005 tagged=1VLAN 0020', 'without an untagged VLAN it can be tagged');
  await console.give('port/remove 5');
  t.equal(await ofPort5(), 'VLAN 0000VLAN 0010VLAN 0020', 'a port that is removed is a member of none');
});

t.test('console-vlan-busy: a VLAN with a member cannot be removed, even if the port has no client', async (t) => {
  const { console } = await fresh(t);
  await console.give('vlan/create 10', 'port/create 5', 'vlan/addport 10 5');
  t.equal(await console.status('vlan/remove 10'), inUse);
  await console.give('vlan/delport 10 5', 'port/setvlan 5 10');
  t.equal(await console.status('vlan/remove 10'), inUse);
  await console.give('port/remove 5', 'vlan/remove 10');
});

t.test('console-vlan-active-members: members with clients', async (t) => {
  const one = await fresh(t);
  const { console } = one;
  const [a, b] = [await Client.open(t, one.directory), await Client.open(t, one.directory)];
  await a.join();
  await b.join();
  await console.give('vlan/create 10', 'vlan/addport 10 2', 'port/create 5', 'vlan/addport 10 5');
  const active = (port, tagged) => ` -- Port 000${port} tagged=${tagged} active=1 status=Forwarding`;
  const inactive = (port, tagged) => ` -- Port 000${port} tagged=${tagged} active=0 status=Learning`;
  t.same(await console.data('vlan/print'), ['VLAN 0000', active(1, 0), active(2, 0), 'VLAN 0010', active(2, 1)]);
  t.same(await console.data('vlan/allprint'), [
    'VLAN 0000',
    active(1, 0),
    active(2, 0),
    inactive(5, 0),
    'VLAN 0010',
    active(2, 1),
    inactive(5, 1),
  ]);
  t.same(await console.data('vlan/print 10'), ['VLAN 0010', active(2, 1)]);
  await console.give('debug/add port/-', 'port/setvlan 2 10');
  a.close();
  await console.event();
  b.close();
  await console.event();
  t.same(await console.data('vlan/print'), ['VLAN 0000', 'VLAN 0010']);
  t.equal(await console.status('vlan/remove 10'), inUse);
});

t.test('console-vlan-hub: vlan/print shows no members of a hub', async (t) => {
  const one = await fresh(t);
  await Client.joined(t, one.directory);
  await one.console.give('port/sethub 1', 'vlan/create 10', 'vlan/addport 10 1');
  t.same(await one.console.data('vlan/print'), ['VLAN 0000', 'VLAN 0010']);
  t.same(await one.console.data('vlan/allprint'), [
    'VLAN 0000',
    ' -- Port 0001 tagged=0 active=1 status=Forwarding',
    'VLAN 0010',
    ' -- Port 0001 tagged=1 active=1 status=Forwarding',
  ]);
});

/** Clients at ports 1, 2, 3 of a switch with VLANs 10 and 20. */
async function withClients(t, ...lines) {
  const one = await fresh(t);
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await Client.open(t, one.directory));
  for (const client of clients) await client.join();
  await one.console.give('vlan/create 10', 'vlan/create 20', ...lines);
  return [...clients, one.console];
}

t.test('console-vlan-separate: frames of one VLAN are not heard in another', async (t) => {
  const [a, b, c] = await withClients(t, 'port/setvlan 1 10', 'port/setvlan 2 10', 'port/setvlan 3 20');
  a.send(frame(everybody, '02:00:00:00:00:0a'));
  t.equal((await b.receive())?.length, 60);
  t.equal(c.poll(), undefined);
});

t.test('console-vlan-tagged: a tagged member gets the tag', async (t) => {
  const [a, b, c] = await withClients(t, 'port/setvlan 1 10', 'vlan/addport 10 2', 'port/setvlan 3 10');
  const sent = frame(everybody, '02:00:00:00:00:0a');
  a.send(sent);
  t.same(await b.receive(), tagged(sent, 10));
  t.same(await c.receive(), sent);
});

t.test('console-vlan-untagged: the tag of a tagged member is removed for others', async (t) => {
  const [a, b, c] = await withClients(t, 'vlan/addport 10 1', 'vlan/addport 10 2', 'port/setvlan 3 10');
  const plain = frame(everybody, '02:00:00:00:00:0a');
  a.send(tagged(plain, 10));
  t.same(await b.receive(), tagged(plain, 10));
  t.same(await c.receive(), plain);
});

t.test('console-vlan-not-member: a tag of a VLAN that the port is not in is not admitted', async (t) => {
  const [a, b, c, console] = await withClients(t, 'vlan/addport 10 2', 'vlan/addport 10 3', 'vlan/addport 20 1');
  a.send(tagged(frame(everybody, '02:00:00:00:00:0a'), 10));
  a.send(tagged(frame(everybody, '02:00:00:00:00:0a'), 77));
  a.send(frame(everybody, '02:00:00:00:00:0a', 61));
  t.equal((await b.receive())?.length, 61);
  t.equal((await c.receive())?.length, 61);
  t.same((await console.data('hash/print')).length, 1, 'nor learnt from');
});

t.test("console-vlan-own-tag: the tag of the port's own untagged VLAN is admitted", async (t) => {
  const [a, b] = await withClients(t, 'port/setvlan 1 10', 'port/setvlan 2 10');
  const plain = frame(everybody, '02:00:00:00:00:0a');
  a.send(tagged(plain, 10));
  t.same(await b.receive(), plain);
});

t.test('console-vlan-no-untagged: a port without an untagged VLAN neither takes nor gets untagged frames', async (t) => {
  const [a, b, c] = await withClients(t, 'port/setvlan 1 4095');
  a.send(frame(everybody, '02:00:00:00:00:0a'));
  c.send(frame(everybody, '02:00:00:00:00:0c', 61));
  t.equal((await b.receive())?.length, 61);
  t.equal(a.poll(), undefined);
});

t.test('console-vlan-station: a station is known in its VLAN only', async (t) => {
  const [a, b, c] = await withClients(t, ...[10, 20].flatMap((vlan) => [1, 2, 3].map((port) => `vlan/addport ${vlan} ${port}`)));
  a.send(tagged(frame(everybody, '02:00:00:00:00:0a'), 10));
  await b.receive();
  await c.receive();
  const answer = frame('02:00:00:00:00:0a', '02:00:00:00:00:0b');
  b.send(tagged(answer, 10));
  t.same(await a.receive(), tagged(answer, 10));
  b.send(tagged(answer, 20));
  t.same(await a.receive(), tagged(answer, 20));
  t.same(await c.receive(), tagged(answer, 20), 'there it is unknown');
  t.equal(c.poll(), undefined);
});

t.test('console-vlan-vlan-0: VLAN 0 cannot be removed, since new ports are in it', async (t) => {
  const { console } = await fresh(t);
  t.equal(await console.status('vlan/remove 0'), inUse);
  t.equal(await console.status('port/create 1'), success);
  t.same(await console.data('vlan/allprint'), ['VLAN 0000', ' -- Port 0001 tagged=0 active=0 status=Learning']);
});
