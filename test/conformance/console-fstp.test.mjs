/**
 * Black-box tests of the console's menu of spanning trees, and of what it shows when bridges are heard.
 */
import t from 'tap';
import { bpdu, bridgeId, isBpdu, readBpdu } from './bpdu.mjs';
import { checkEmptyBlocks, checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, portWord, tagged } from './peer.mjs';

const { invalid, noAddress, success } = status;
const self = bridgeId(0x8000, '00:ff:aa:bb:cc:01').toString('hex');
const better = bridgeId(0x1000, '00:ff:00:00:00:01');
const worse = bridgeId(0xf000, '00:ff:00:00:00:02');
const macaddr = ['--macaddr', '00:ff:aa:bb:cc:01'];

/** VLAN 20 is there, 9 and 4093 are not; port 31 is the last. Nothing here matters to the others. */
const shared = await startConsole(t);
const fresh = reusedConsole(t);
await shared.console.give('vlan/create 20');

checkStatuses(t, 'console fstp', shared, [
  ['fstp/setedge', invalid],
  ['fstp/setedge 0', invalid],
  ['fstp/setedge 0 1', invalid],
  ['fstp/setedge 0 1 1', success],
  ['fstp/setedge 0 1 7', success],
  ['fstp/setedge 0 1 0 more', success],
  ['fstp/setedge 0x14 0x1f 01', success],
  ['fstp/setedge 0 0 1', success],
  ['fstp/setedge 0 -1 1', invalid],
  ['fstp/setedge 0 32 1', invalid],
  ['fstp/setedge -1 1 1', invalid],
  ['fstp/setedge 9 1 1', noAddress],
  ['fstp/setedge 4093 1 1', noAddress],
  ['fstp/setedge 4094 1 1', noAddress],
  ['fstp/setedge 4095 1 1', invalid],
  ['fstp/setedge 9 32 1', invalid],
  ['fstp/setedge x 1 1', invalid],
  ['fstp/setedge 0 x 1', invalid],
  ['fstp/setedge 0 1 x', invalid],
  ['fstp/bonus', invalid],
  ['fstp/bonus 0', invalid],
  ['fstp/bonus 0 1', invalid],
  ['fstp/bonus 20 1 100', success],
  ['fstp/bonus 20 31 0x20', success],
  ['fstp/bonus 20 0 5', success],
  ['fstp/bonus 20 32 5', invalid],
  ['fstp/bonus 20 -1 5', invalid],
  ['fstp/bonus -1 1 5', invalid],
  ['fstp/bonus 9 1 5', noAddress],
  ['fstp/bonus 4094 1 5', noAddress],
  ['fstp/bonus 4095 1 5', invalid],
  ['fstp/bonus 9 32 5', invalid],
  ['fstp/bonus 20 1 x', invalid],
]);

checkEmptyBlocks(t, 'console fstp', shared, [
  ['fstp/print 9', noAddress],
  ['fstp/print 4093', noAddress],
  ['fstp/print 4094', invalid],
  ['fstp/print 4095', invalid],
  ['fstp/print -1', invalid],
  ['fstp/setfstp', success],
  ['fstp/setfstp 0', success],
  ['fstp/setfstp x', success],
]);

/** A tree without its ports, when this switch is the root. */
const rooted = ({ vlan = '0000', disabled = false, bonus = 'bonusport 0000 bonuscost 0', priority = '80:00' } = {}) => [
  `FST DATA VLAN ${vlan} ROOTSWITCH ${disabled ? 'FSTP IS DISABLED' : ''}`,
  ` ++ root ${priority}:00:ff:aa:bb:cc:01`,
  ' ++ designated ff:ff:ff:ff:ff:ff:ff:ff',
  ` ++ rootport 0000 cost 0 age N ${bonus}`,
];

/** `fstp/print` with each age as N. */
const tree = async (console, vlan = '') => (await console.data(`fstp/print ${vlan}`)).map((line) => line.replace(/ age \d+ /, ' age N '));
const port = (number, role, tagged = 0) => ` -- Port 000${number} tagged=${tagged} portcost=20000000 role=${role}`;

t.test('console fstp: "fstp/showinfo" has address, priority, and that it is off', async (t) => {
  const { console } = await startConsole(t, ...macaddr);
  t.same(await console.data('fstp/showinfo'), ['MAC 00:ff:aa:bb:cc:01 Priority 32768 (0x8000)', 'FSTP=false']);
});

t.test('console fstp: "fstp/showinfo" has what the options say', async (t) => {
  const { console } = await startConsole(t, ...macaddr, '--priority', '0x1234', '-F');
  t.same(await console.data('fstp/showinfo'), ['MAC 00:ff:aa:bb:cc:01 Priority 4660 (0x1234)', 'FSTP=true']);
});

t.test('console fstp: it is on and off, and all but 0 is on', async (t) => {
  const { console } = await fresh(t);
  for (const [argument, on] of [
    ['1', true],
    ['0', false],
    ['7', true],
    ['', false],
    ['-1', true],
    ['x', false],
    ['1x', true],
  ]) {
    t.equal((await console.ask(`fstp/setfstp ${argument}`)).text, `0000 DATA END WITH '.'\n.\n${success}\n`);
    t.equal((await console.data('fstp/showinfo'))[1], `FSTP=${on}`, argument);
  }
});

t.test('console fstp: a hub has none, and says so', async (t) => {
  const { console } = await startConsole(t, '-x');
  for (const line of ['fstp/setfstp 1', 'fstp/setfstp 0']) t.same(await console.data(line), ["Can't use fstp in hub mode"], line);
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
});

t.test('console fstp: who becomes a hub leaves the trees, and does not come back by himself', async (t) => {
  const { console } = await startConsole(t, '-F');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=true');
  await console.give('port/sethub 1');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
  await console.give('port/sethub 0');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
});

for (const [what, args, disabled] of [
  ['off', [], true],
  ['on', ['-F'], false],
]) {
  t.test(`console fstp: "fstp/print" when it is ${what}`, async (t) => {
    const { console } = await startConsole(t, ...macaddr, ...args);
    t.same(await tree(console), rooted({ disabled }));
    t.same(await tree(console, 0), rooted({ disabled }));
    t.same(await tree(console, 'x'), rooted({ disabled }), 'what is no number is 0');
  });
}

t.test('console fstp: "fstp/print" has each VLAN with its ports, those with tags at the end', async (t) => {
  const one = await startConsole(t, ...macaddr, '-F', '--priority', '4096');
  for (let i = 0; i < 3; i++) await Client.joined(t, one.directory);
  const { console } = one;
  await console.give('vlan/create 291', 'vlan/addport 291 1', 'port/setvlan 2 291', 'port/create 5');
  t.same(await tree(console), [
    ...[...rooted({ priority: '10:00' }), port(1, 'Designated'), port(3, 'Designated')],
    ...[...rooted({ vlan: '0291', priority: '10:00' }), port(2, 'Designated'), port(1, 'Unknown', 1)],
  ]);
  t.equal((await tree(console, 291)).length, 6);
});

t.test('console fstp: a bonus is shown, one in each VLAN', async (t) => {
  const { console } = await inTrees(t);
  for (const [line, bonus] of [
    ['fstp/bonus 0 1 100', 'bonusport 0001 bonuscost 100'],
    ['fstp/bonus 0 2 0x20', 'bonusport 0002 bonuscost 32'],
    ['fstp/bonus 0 31 -5', 'bonusport 0031 bonuscost -5'],
    ['fstp/bonus 0 0 7', 'bonusport 0000 bonuscost 7'],
  ]) {
    await console.give(line);
    t.same(await tree(console), rooted({ bonus }), line);
  }
});

const addressed = reusedConsole(t, ...macaddr);

/** A switch that is in the trees. */
async function inTrees(t) {
  const one = await addressed(t);
  await one.console.data('fstp/setfstp 1');
  return one;
}

/** The console of such a switch, which is told of the trees, and so many clients at the ports. */
async function withClients(t, count, ...lines) {
  const one = await inTrees(t);
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await Client.joined(t, one.directory));
  await one.console.give(...lines, 'debug/add fstp');
  return [one.console, ...clients, one];
}

/** The next BPDU that a client hears, and that is wanted; undefined when none comes. */
async function nextBpdu(client, wanted = () => true) {
  return readBpdu(await client.receiveThat((octets) => isBpdu(octets) && wanted(readBpdu(octets))));
}

/** Waits for an event, whatever comes before it. */
async function heard(console, event) {
  while ((await console.event()) !== event);
}

t.test('console fstp: who comes to a port hears at once who is root', async (t) => {
  const [, a] = await withClients(t, 1);
  const said = await nextBpdu(a);
  t.match(said, { vid: 0, root: self, cost: 0, bridge: self, port: 0x8001, flags: 0x3c });
  t.equal(said.octets.length, 53);
});

t.test('console fstp: and so in each VLAN that the port is a member of, with its tag', async (t) => {
  const [, a] = await withClients(t, 1, 'vlan/create 291', 'vlan/addport 291 1');
  const said = await nextBpdu(a, ({ vid }) => vid !== 0);
  t.match(said, { vid: 291, root: self, bridge: self, port: 0x8001 });
  t.equal(said.octets.length, 57);
});

t.test('console fstp: a better root is taken, and told', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  t.same(await console.eventsInNumber(3), [
    '3041 fstp/+ Port 0001 VLAN 00:00',
    '3045 fstp/root Port 0001 VLAN 00:00 -> 10:00:00:ff:00:00:00:01',
    '3044 fstp/status Port 0001 VLAN 00:00 learning+forwarding',
  ]);
  t.same(await tree(console), [
    'FST DATA VLAN 0000  ',
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated 10:00:00:ff:00:00:00:01',
    ' ++ rootport 0001 cost 20000000 age N bonusport 0000 bonuscost 0',
    port(1, 'Root'),
  ]);
  t.same(await console.data('vlan/print'), ['VLAN 0000', ' -- Port 0001 tagged=0 active=1 status=Forwarding']);
});

t.test('console fstp: a better root is answered with agreement', async (t) => {
  const [, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  const said = await nextBpdu(a, ({ root }) => root === better.toString('hex'));
  t.match(said, { cost: 20_000_000, bridge: self, port: 0x8001 });
  t.equal(said.flags & 0x4c, 0x44, 'of a root port that agrees');
});

t.test('console fstp: the cost of the way is that of the neighbour and of the port', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ root: better, cost: 1234, bridge: worse, port: 0x8007 }));
  await console.eventsInNumber(3);
  t.same((await tree(console)).slice(1, 4), [
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated f0:00:00:ff:00:00:00:02',
    ' ++ rootport 0001 cost 20001234 age N bonusport 0000 bonuscost 0',
  ]);
});

t.test('console fstp: a bonus makes the way cheaper', async (t) => {
  const [console, a] = await withClients(t, 1, 'fstp/bonus 0 1 5000000');
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  t.equal((await tree(console))[3], ' ++ rootport 0001 cost 15000000 age N bonusport 0001 bonuscost 5000000');
});

t.test('console fstp: a second way to the root is closed, and told', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(bpdu({ bridge: better, port: 0x8001 }));
  await console.eventsInNumber(3);
  b.send(bpdu({ bridge: better, port: 0x8002 }));
  t.same(await console.eventsInNumber(2), ['3041 fstp/+ Port 0002 VLAN 00:00', '3044 fstp/status Port 0002 VLAN 00:00 discarding']);
  t.same((await tree(console)).slice(4), [port(1, 'Root'), port(2, 'Alternate/Backup')]);
  t.same(await console.data('vlan/print'), [
    'VLAN 0000',
    ' -- Port 0001 tagged=0 active=1 status=Forwarding',
    ' -- Port 0002 tagged=0 active=1 status=Discarding',
  ]);
  t.same(await console.data('vlan/allprint'), await console.data('vlan/print'));
});

t.test('console fstp: nothing passes a port that is closed', async (t) => {
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

t.test('console fstp: a better way to the same root is taken', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(bpdu({ root: better, cost: 100, bridge: worse }));
  await console.eventsInNumber(3);
  b.send(bpdu({ root: better, cost: 50, bridge: worse, port: 0x8002 }));
  await heard(console, '3045 fstp/root Port 0002 VLAN 00:00 -> 10:00:00:ff:00:00:00:01');
  t.equal((await tree(console))[3], ' ++ rootport 0002 cost 20000050 age N bonusport 0000 bonuscost 0');
});

t.test('console fstp: who claims to be a root and is none is told at once', async (t) => {
  const [console, a] = await withClients(t, 1);
  await nextBpdu(a);
  a.send(bpdu({ bridge: worse }));
  t.equal(await console.event(), '3041 fstp/+ Port 0001 VLAN 00:00');
  t.match(await nextBpdu(a), { root: self, cost: 0, bridge: self });
  t.equal((await tree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
});

t.test('console fstp: each VLAN has a tree of its own', async (t) => {
  const [console, a] = await withClients(t, 1, 'vlan/create 291', 'vlan/addport 291 1');
  a.send(tagged(bpdu({ bridge: better }), 291));
  t.same(await console.eventsInNumber(3), [
    '3041 fstp/+ Port 0001 VLAN 01:23',
    '3045 fstp/root Port 0001 VLAN 01:23 -> 10:00:00:ff:00:00:00:01',
    '3044 fstp/status Port 0001 VLAN 01:23 learning+forwarding',
  ]);
  t.equal((await tree(console, 0))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  t.same(await tree(console, 291), [
    'FST DATA VLAN 0291  ',
    ' ++ root 10:00:00:ff:00:00:00:01',
    ' ++ designated 10:00:00:ff:00:00:00:01',
    ' ++ rootport 0001 cost 20000000 age N bonusport 0000 bonuscost 0',
    port(1, 'Unknown', 1),
  ]);
});

t.test('console fstp: at an edge no bridge is heard, and none is told', async (t) => {
  const [console, a, b] = await withClients(t, 2, 'fstp/setedge 0 1 1');
  t.same((await tree(console)).slice(4), [port(1, 'Edge'), port(2, 'Designated')]);
  a.send(bpdu({ bridge: better }));
  b.send(bpdu({ bridge: worse }));
  t.equal(await console.event(), '3041 fstp/+ Port 0002 VLAN 00:00');
  t.equal((await tree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  await console.give('fstp/setedge 0 1 0');
  a.send(bpdu({ bridge: better }));
  await heard(console, '3041 fstp/+ Port 0001 VLAN 00:00');
  t.equal((await tree(console))[4], port(1, 'Root'));
});

t.test('console fstp: a port is no edge any more when its client comes anew', async (t) => {
  const [console, a, one] = await withClients(t, 1, 'fstp/setedge 0 1 1', 'debug/add port/-');
  a.close();
  await console.event();
  await Client.joined(t, one.directory);
  t.equal((await tree(console))[4], port(1, 'Designated'));
});

for (const [what, edit] of [
  ['of version 0', { version: 0 }],
  ['of version 3', { version: 3 }],
  ['of type 0x80', { type: 0x80 }],
]) {
  t.test(`console fstp: a BPDU ${what} makes nobody a root`, async (t) => {
    const [console, a] = await withClients(t, 1);
    a.send(bpdu({ bridge: better, ...edit }));
    a.send(bpdu({ bridge: worse }));
    t.equal(await console.event(), '3041 fstp/+ Port 0001 VLAN 00:00');
    await nextBpdu(a);
    t.equal((await tree(console))[0], 'FST DATA VLAN 0000 ROOTSWITCH ');
  });
}

t.test('console fstp: when it is off, BPDUs pass as any group', async (t) => {
  const one = await fresh(t);
  const [a, b] = [await Client.joined(t, one.directory), await Client.joined(t, one.directory)];
  const sent = bpdu({ bridge: better });
  a.send(sent);
  t.same(await b.receive(), sent);
  t.match((await tree(one.console))[0], 'ROOTSWITCH FSTP IS DISABLED');
});

t.test('console fstp: when it is on, BPDUs do not pass', async (t) => {
  const [console, a, b, c] = await withClients(t, 3);
  const sent = bpdu({ bridge: worse });
  a.send(sent);
  await heard(console, '3041 fstp/+ Port 0001 VLAN 00:00');
  c.send(frame(everybody, '02:00:00:00:00:0c'));
  const next = await b.receiveThat((octets) => octets.equals(sent) || octets.readUInt16BE(12) === 0x88b5);
  t.equal(next?.length, 60);
});

t.test('console fstp: who leaves the trees is his own root, in each VLAN, and tells so', async (t) => {
  const [console, a] = await withClients(t, 1, 'vlan/create 291');
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  t.equal(await console.status('fstp/setfstp 0'), success);
  t.same(
    console.events().filter((event) => event.includes('fstp/root')),
    ['3045 fstp/root Port 0000 VLAN 00:00 -> 80:00:00:ff:aa:bb:cc:01', '3045 fstp/root Port 0000 VLAN 01:23 -> 80:00:00:ff:aa:bb:cc:01'],
  );
  t.same((await tree(console, 0)).slice(0, 5), [...rooted({ disabled: true }), port(1, 'Designated')]);
});

t.test('console fstp: who leaves the trees opens the ports that were closed', async (t) => {
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

t.test('console fstp: when the root port is lost, the switch is the root', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(bpdu({ bridge: better }));
  await console.eventsInNumber(3);
  a.close();
  await heard(console, '3045 fstp/root Port 0000 VLAN 00:00 -> 80:00:00:ff:aa:bb:cc:01');
  t.same(await tree(console), rooted());
});

t.test('console fstp: a port beyond 15 has the number in its BPDU', async (t) => {
  const one = await inTrees(t);
  const a = await Client.joined(t, one.directory, portWord(17));
  t.equal((await nextBpdu(a))?.port, 0x8111);
});
