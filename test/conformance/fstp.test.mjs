/**
 * Black-box tests of one switch in a spanning tree: what it says, and what it makes of what it hears. They wait for its clock, so they
 * run side by side.
 */
import { join } from 'node:path';
import t from 'tap';
import { bpdu, bridgeId, FakeBridge, isBpdu } from './bpdu.mjs';
import { rcFile } from './bench.mjs';
import { Client, everybody, frame, patience, pause, portWord, scratch, startSwitch, tagged } from './peer.mjs';

t.jobs = 4;
/** tap writes into what it is given. */
const waits = () => ({ buffered: true });

const self = '8000' + '00ffaabbcc01';
const [better, worse] = [bridgeId(0x1000, '00:ff:00:00:00:01'), bridgeId(0xf000, '00:ff:00:00:00:02')];
const portCost = 20_000_000;
const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];

/** Returns a switch with -F and a known address. */
async function bridge(t, { args = [], lines } = {}) {
  const directory = join(scratch(t), 'sw');
  const rc = lines ? ['-f', rcFile(t, lines)] : [];
  const one = await startSwitch(t, directory, '-F', '--macaddr', '00:ff:aa:bb:cc:01', ...args, ...rc);
  return { directory, one };
}

const on = (t, directory, port, id = worse) => FakeBridge.open(t, directory, port, id);
const hex = (id) => id.toString('hex');

/** Returns whether a frame arrives: `limit` is how long one that must not is waited for. */
async function passes(from, to, { destination = everybody, limit = 300 } = {}) {
  const sent = frame(destination, stationA, 66);
  from.send(sent);
  return (await to.receiveThat((octets) => octets.equals(sent), limit)) !== undefined;
}

/** The same of a frame that must. */
const arrives = (from, to) => passes(from, to, { limit: patience });

/** Reads what a bridge said until now. */
async function drain({ client }) {
  while ((await client.receive(300)) !== undefined);
}

async function comesTo(check, expected, limit = 15_000) {
  const deadline = Date.now() + limit;
  while ((await check()) !== expected) if (Date.now() > deadline) throw new Error(`it never came to be ${expected}`);
}

t.test('fstp-up: a new port gets a hello at once, in these octets', waits(), async (t) => {
  const { directory } = await bridge(t);
  const heard = await (await on(t, directory, 1)).hears();
  t.equal(
    heard?.octets.toString('hex'),
    '0180c2000000' + '00ffaabbcc01' + '0027' + '424203' + '00000202' + '3c' + self + '00000000' + self + '8001' + '0000280004000000' + '00',
  );
});

t.test('fstp-interval: a hello is sent every 4 s', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1);
  await fake.hears();
  await fake.hears();
  const start = Date.now();
  const heard = await fake.hears();
  const span = Date.now() - start;
  t.ok(span > 3_000 && span < 6_000, `after ${span} ms`);
  t.equal(heard?.octets.length, 53);
  t.equal(heard?.root, self);
});

t.test('fstp-flags: a hello claims, forwards and agrees', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1);
  await fake.hears();
  const heard = await fake.hears();
  t.equal(heard?.flags, 0x7c);
});

t.test('fstp-tagged: in a tagged VLAN the hello has the tag', waits(), async (t) => {
  const { directory } = await bridge(t, { lines: ['vlan/create 291', 'port/create 1', 'vlan/addport 291 1'] });
  const fake = await on(t, directory, 1);
  const heard = await fake.hears(({ octets }) => octets.length === 57);
  t.equal(
    heard?.octets.toString('hex', 0, 42),
    '0180c2000000' + '00ffaabbcc01' + '81000123' + '0027' + '424203' + '00000202' + '3c' + self + '00000000' + self.slice(0, 8),
  );
  t.ok(await fake.hears(({ octets }) => octets.length === 53), 'and in its untagged VLAN without one');
});

t.test('fstp-access: an access port gets hellos without a tag, in any VLAN', waits(), async (t) => {
  const { directory } = await bridge(t, { lines: ['vlan/create 10', 'port/create 1', 'port/setvlan 1 10'] });
  const fake = await on(t, directory, 1);
  for (let i = 0; i < 2; i++) t.equal((await fake.hears())?.octets.length, 53);
});

for (const [port, id] of [
  [1, 0x8001],
  [5, 0x8005],
  [15, 0x800f],
  [17, 0x8111],
  [31, 0x811f],
]) {
  t.test(`fstp-port[${port}]: port ${port} has the identifier ${id.toString(16)}`, waits(), async (t) => {
    const { directory } = await bridge(t);
    t.equal((await (await on(t, directory, port)).hears())?.port, id);
  });
}

for (const [text, digits] of [
  ['4096', '1000'],
  ['010000', '1000'],
  ['0x19000', '9000'],
  ['0', '0000'],
  ['65535', 'ffff'],
  ['-1', 'ffff'],
]) {
  t.test(`fstp-priority[${text}]: --priority ${text} is sent as ${digits}`, waits(), async (t) => {
    const { directory } = await bridge(t, { args: ['--priority', text] });
    t.equal((await (await on(t, directory, 1)).hears())?.bridge.slice(0, 4), digits);
  });
}

for (const text of ['00:ff:0:0:1:2', '00.ff.0.0.1.2', '00:FF:00:00:01:02']) {
  t.test(`fstp-address[${text}]: --macaddr ${text} is the bridge's address`, waits(), async (t) => {
    const { directory } = await bridge(t, { args: ['-macaddr', text] });
    const heard = await (await on(t, directory, 1)).hears();
    t.equal(heard?.bridge, '8000' + '00ff00000102');
    t.equal(heard?.octets.toString('hex', 6, 12), '00ff00000102', 'and the source of what it says');
  });
}

t.test('fstp-random-address: the default address is random and begins with 00:ff', waits(), async (t) => {
  const macs = [];
  for (let i = 0; i < 2; i++) {
    const directory = join(scratch(t), 'sw');
    await startSwitch(t, directory, '--fstp');
    macs.push((await (await on(t, directory, 1)).hears())?.bridge);
  }
  for (const mac of macs) t.match(mac, /^800000ff/);
  t.not(macs[0], macs[1]);
});

t.test('fstp-off: without -F no BPDU is sent', waits(), async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  const start = Date.now();
  while (Date.now() - start < 5_000) {
    b.send(frame(everybody, stationB));
    t.equal((await a.receive())?.toString('hex', 6, 12), '02000000000b');
    await pause(250);
  }
});

t.test('fstp-setfstp: fstp/setfstp starts and stops the hellos', waits(), async (t) => {
  const directory = join(scratch(t), 'sw');
  const one = await startSwitch(t, directory);
  const fake = await on(t, directory, 1);
  await one.command('fstp/setfstp 1');
  t.ok(await fake.hears());
  await one.command('fstp/setfstp 0');
  await drain(fake);
  t.equal(await fake.hears(() => true, 5_000), undefined);
});

t.test('fstp-bridges: frames for the bridge group are not forwarded', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1);
  const [b, c] = [await Client.joined(t, directory, portWord(2)), await Client.joined(t, directory, portWord(3))];
  const foreign = (octets) => octets.toString('hex', 6, 12) !== '00ffaabbcc01';
  fake.client.send(frame('01:80:c2:00:00:00', stationA, 60));
  fake.say();
  await fake.hears();
  await fake.hears();
  c.send(frame(everybody, stationA, 61));
  t.equal((await b.receiveThat(foreign))?.length, 61);
});

for (const last of ['01', '02', '0e', '10']) {
  t.test(`fstp-reserved[${last}]: frames for 01:80:c2:00:00:${last} are forwarded`, waits(), async (t) => {
    const { directory } = await bridge(t);
    const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
    const sent = frame(`01:80:c2:00:00:${last}`, stationA, 61);
    a.send(sent);
    t.same(await b.receiveThat((octets) => !isBpdu(octets)), sent);
  });
}

t.test('fstp-open: ports forward from the start', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  t.ok(await arrives(a, b));
});

t.test('fstp-better-root: a better root is accepted', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say({ cost: 7 });
  const told = await other.hears(({ root }) => root === hex(better));
  t.equal(told?.cost, 7 + portCost, 'at its cost and that of the port');
  t.equal(told?.bridge, self);
});

t.test('fstp-root-port: the better root is told which port leads to it', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1, better);
  fake.say();
  const told = await fake.hears(({ root }) => root === hex(better));
  t.equal(told?.role, 'root');
  t.ok(told?.forwarding);
});

t.test('fstp-worse-root: a worse root is answered at once', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1, worse);
  await fake.hears();
  await fake.hears(() => true, 5_000);
  // Just after a hello: the next is far.
  fake.say();
  const told = await fake.hears(() => true, 2_000);
  t.equal(told?.root, self);
});

for (const [key, name, what] of [
  ['version-0', 'of version 0', { version: 0, type: 0 }],
  ['version-3', 'of version 3', { version: 3 }],
  ['type-80', 'of type 0x80', { type: 0x80 }],
]) {
  t.test(`fstp-ignored[${key}]: a BPDU ${name} is ignored`, waits(), async (t) => {
    const { directory } = await bridge(t);
    const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
    fake.say(what);
    fake.client.send(frame(everybody, stationA, 61));
    await other.client.receiveThat((octets) => octets.length === 61);
    t.equal((await other.hears())?.root, self);
  });
}

t.test('fstp-truncated: a truncated BPDU is ignored', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.client.send(bpdu({ bridge: better }).subarray(0, 50));
  fake.client.send(frame(everybody, stationA, 61));
  await other.client.receiveThat((octets) => octets.length === 61);
  t.equal((await other.hears())?.root, self);
});

t.test('fstp-short: a BPDU of 51 octets is accepted', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.client.send(bpdu({ bridge: better }).subarray(0, 51));
  t.ok(await other.hears(({ root }) => root === hex(better)));
});

t.test('fstp-second-path: of two paths to the root the second is closed, in both directions', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [first, second] = [await on(t, directory, 1, better), await on(t, directory, 2, better)];
  const a = await Client.joined(t, directory, portWord(3));
  first.say({ port: 1 });
  await first.hears(({ role }) => role === 'root');
  second.say({ port: 2 });
  await comesTo(() => passes(a, second.client), false);
  t.ok(await arrives(a, first.client), 'out by the first');
  t.notOk(await passes(second.client, a), 'in by the second');
  t.ok(await arrives(first.client, a), 'in by the first');
});

t.test('fstp-cheaper-path: of two paths to the root the cheaper one is taken', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [dear, cheap] = [await on(t, directory, 1, better), await on(t, directory, 2, better)];
  const other = await on(t, directory, 3);
  dear.say({ cost: 500 });
  t.ok(await other.hears(({ cost }) => cost === 500 + portCost));
  cheap.say({ cost: 10, port: 2 });
  t.ok(await other.hears(({ cost }) => cost === 10 + portCost));
});

t.test('fstp-silent-root: a silent root is given up', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say();
  t.ok(await other.hears(({ root }) => root === hex(better)));
  const start = Date.now();
  t.ok(await other.hears(({ root }) => root === self, 40_000));
  const span = Date.now() - start;
  t.ok(span > 9_000, `not before three hellos: ${span} ms`);
});

t.test('fstp-root-port-lost: the loss of the root port is announced at once', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say();
  t.ok(await other.hears(({ root }) => root === hex(better)));
  await fake.client.leave();
  // The original has just said hello, or it had not told of the root, and says it again in 4 s.
  t.ok(await other.hears(({ root }) => root === self, 2_000));
});

t.test('fstp-root-kept: a root that sends hellos is kept', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say();
  t.ok(await other.hears(({ root }) => root === hex(better)));
  const start = Date.now();
  while (Date.now() - start < 16_000) {
    fake.say();
    t.equal(await other.hears(({ root }) => root === self, 1_000), undefined);
  }
});

t.test('fstp-topology-change: a change of the topology makes it forget its stations', waits(), async (t) => {
  const { directory } = await bridge(t);
  const fake = await on(t, directory, 1, better);
  const [a, b] = [await Client.joined(t, directory, portWord(2)), await Client.joined(t, directory, portWord(3))];
  fake.say();
  await fake.hears(({ role }) => role === 'root');
  a.send(frame(everybody, stationB));
  await b.receiveThat((octets) => octets.length === 60);
  t.notOk(await passes(fake.client, b, { destination: stationB }), 'it is known');
  fake.say({ flags: 0x3d });
  // Long before the silent neighbour is given up, by which they would be forgotten, too.
  await comesTo(() => passes(fake.client, b, { destination: stationB }), true, 5_000);
});

t.test('fstp-max-age: a BPDU that has reached its maximum age is ignored', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  await other.hears();
  fake.say({ root: bridgeId(0x0800, '00:ff:00:00:00:03'), cost: portCost, age: 40 });
  // Over two hellos.
  t.equal(await other.hears(({ root }) => root.startsWith('0800'), 9_000), undefined);
});

t.test('fstp-worse-neighbour: a port with a worse bridge is closed until that has agreed', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [fake, a] = [await on(t, directory, 1, worse), await Client.joined(t, directory, portWord(2))];
  t.ok(await arrives(a, fake.client));
  fake.say();
  t.ok(await fake.hears(({ forwarding }) => !forwarding));
  t.notOk(await passes(a, fake.client));
  fake.say({ root: Buffer.from(self, 'hex'), cost: portCost, flags: 0x74 });
  await comesTo(() => passes(a, fake.client), true);
});

t.test('fstp-root-open: a root leaves its port open though the other end is closed', waits(), async (t) => {
  const { directory } = await bridge(t);
  const [first, second] = [await on(t, directory, 1, worse), await on(t, directory, 2, worse)];
  const a = await Client.joined(t, directory, portWord(3));
  first.say({ root: Buffer.from(self, 'hex'), cost: portCost, flags: 0x74 });
  second.say({ root: Buffer.from(self, 'hex'), cost: portCost, port: 2, flags: 0x0a });
  await comesTo(() => passes(a, first.client), true);
  t.ok(await arrives(a, second.client));
});

t.test('fstp-per-vlan: each VLAN has a tree of its own', waits(), async (t) => {
  const lines = ['vlan/create 10', ...[1, 2].flatMap((port) => [`port/create ${port}`, `vlan/addport 10 ${port}`])];
  const { directory } = await bridge(t, { lines });
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say({}, 10);
  const told = await other.hears(({ root }) => root === hex(better));
  t.equal(told?.vid, 10);
  t.equal(await other.hears(({ root, vid }) => root === hex(better) && vid === 0, 5_000), undefined);
});

t.test('fstp-closed-in-one: a port closed in one VLAN is open in another', waits(), async (t) => {
  const lines = ['vlan/create 10', ...[1, 2, 3].flatMap((port) => [`port/create ${port}`, `vlan/addport 10 ${port}`])];
  const { directory } = await bridge(t, { lines });
  const [first, second] = [await on(t, directory, 1, better), await on(t, directory, 2, better)];
  const a = await Client.joined(t, directory, portWord(3));
  first.say({ port: 1 }, 10);
  await first.hears(({ role, vid }) => role === 'root' && vid === 10);
  second.say({ port: 2 }, 10);
  const inTen = tagged(frame(everybody, stationA, 66), 10);
  await comesTo(async () => {
    a.send(inTen);
    return (await second.client.receiveThat((octets) => octets.equals(inTen), 300)) !== undefined;
  }, false);
  t.ok(await arrives(a, second.client));
});

t.test('fstp-edge: an edge port sends and accepts no BPDUs', waits(), async (t) => {
  const { directory, one } = await bridge(t);
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  await fake.hears();
  await one.command('fstp/setedge 0 1 1');
  await Promise.all([drain(fake), drain(other)]);
  fake.say();
  const roots = [];
  const toldOther = other.hears(({ root }) => roots.push(root) && root !== self, 6_000);
  t.equal(await fake.hears(() => true, 6_000), undefined, 'it says nothing');
  t.equal(await toldOther, undefined, 'it heeds nothing');
  t.ok(roots.length > 0, 'the other port was told who is root');
});

t.test('fstp-bonus: a bonus makes a path cheaper', waits(), async (t) => {
  const { directory } = await bridge(t, { lines: ['fstp/bonus 0 1 1000'] });
  const [fake, other] = [await on(t, directory, 1, better), await on(t, directory, 2)];
  fake.say();
  t.equal((await other.hears(({ root }) => root === hex(better)))?.cost, portCost - 1000);
});

t.test('fstp-hub: hub mode ends it', waits(), async (t) => {
  const { directory, one } = await bridge(t);
  const fake = await on(t, directory, 1);
  await fake.hears();
  await one.command('port/sethub 1');
  await drain(fake);
  t.equal(await fake.hears(() => true, 5_000), undefined);
});
