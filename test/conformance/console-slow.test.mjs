/**
 * Black-box tests of what takes its time: seconds are counted by the switch, and read at its console. They wait side by side.
 */
import root from 'tap';
import { bpdu, bridgeId, isBpdu, readBpdu } from './bpdu.mjs';
import { startConsole, status } from './console.mjs';
import { Client, everybody, frame, pause, portOf } from './peer.mjs';

const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
const better = bridgeId(0x1000, '00:ff:00:00:00:01');

/** Every check has a VLAN of its own on one of these; those that set how stations are remembered have a switch of their own. */
const [usual, bridge] = [await startConsole(root), await startConsole(root, '-F', '--macaddr', '00:ff:aa:bb:cc:01')];
const settable = [await startConsole(root), await startConsole(root), await startConsole(root)];
root.jobs = 20;

/**
 * Returns a session at a switch, and so many clients in a VLAN. They stay: who leaves makes the original forget the stations of others,
 * too.
 */
async function withClients(t, one, count, vlan) {
  const console = await one.session(t);
  await console.give(`vlan/create ${vlan}`);
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await Client.joined(root, one.directory);
    await console.give(`port/setvlan ${portOf(client.port)} ${vlan}`);
    clients.push(client);
  }
  return [console, ...clients];
}

/** Asks again and again, some times in a second, until there is an answer, which is returned; undefined after `seconds`. */
async function within(seconds, ask) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) return undefined;
    await pause(100);
  }
}

/** Port and age of a station; the port that `hash/find` has is one too high. */
async function find(console, mac, vlan) {
  const { data } = await console.ask(`hash/find ${mac} ${vlan}`);
  const [, port, age] = /to port: (\d+) {2}age (\d+) secs$/.exec(data[0]) ?? [];
  return port && { port: Number(port) - 1, age: Number(age) };
}

root.test('slow-uptime: the age of the switch is in seconds', async (t) => {
  const console = await usual.session(t);
  const uptime = async () => Number(/uptime (\d+)$/m.exec((await console.data('showinfo'))[3])[1]);
  const [start, first] = [Date.now(), await uptime()];
  t.ok(await within(10, async () => (await uptime()) >= first + 2), 'it grows');
  t.ok(Date.now() - start > 900, 'by one in a second');
});

root.test('slow-station-age: the age of a station is in seconds since its last frame', async (t) => {
  const [console, a] = await withClients(t, usual, 1, 10);
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA, 10))?.age >= 2));
  const heardAgain = async () => {
    a.send(frame(everybody, stationA));
    return (await find(console, stationA, 10))?.age === 0;
  };
  t.ok(await within(10, heardAgain), 'and it is heard again');
});

root.test('slow-moves: a station can move after more than three seconds of silence', async (t) => {
  const [console, a, b] = await withClients(t, usual, 2, 20);
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA, 20))?.port === portOf(a.port)));
  b.send(frame(everybody, stationA));
  t.equal((await find(console, stationA, 20))?.port, portOf(a.port), 'not before that');
  t.ok(await within(20, async () => (await find(console, stationA, 20))?.age >= 4));
  b.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA, 20))?.port === portOf(b.port)));
});

root.test('slow-talking: a station that keeps sending cannot be moved', async (t) => {
  const [console, a, b] = await withClients(t, usual, 2, 30);
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA, 30))?.port === portOf(a.port)));
  const start = Date.now();
  const moved = await within(5, async () => {
    b.send(frame(everybody, stationA));
    a.send(frame(everybody, stationA));
    return (await find(console, stationA, 30))?.port === portOf(b.port);
  });
  t.notOk(moved);
  t.ok(Date.now() - start >= 5000);
});

root.test('slow-persistence: the minimum persistence is as set', async (t) => {
  const [console, a, b] = await withClients(t, settable[0], 2, 10);
  await console.give('hash/setminper 1');
  a.send(frame(everybody, stationA));
  t.ok(await within(20, async () => (await find(console, stationA, 10))?.age >= 2));
  b.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA, 10))?.port === portOf(b.port)));
});

root.test('slow-expires: a station is forgotten after long silence, with an event', async (t) => {
  const [console, a, b] = await withClients(t, settable[1], 2, 10);
  await console.give('hash/setgcint 1', 'hash/setexpire 2');
  a.send(frame(everybody, stationA));
  t.ok(await within(10, () => find(console, stationA, 10)));
  await console.give('debug/add hash/-');
  const told = await within(20, async () => {
    b.send(frame(everybody, stationB));
    if ((await find(console, stationA, 10)) !== undefined) return undefined;
    const events = console.events();
    return events.length > 0 && events;
  });
  t.same(told, [`3012 hash/- ${stationA} VLAN 0a:00 Port ${portOf(a.port)}`]);
  t.ok(await find(console, stationB, 10), 'who goes on talking is not');
});

root.test('slow-kept: without garbage collection a station is kept for ever', async (t) => {
  const [console, a, b] = await withClients(t, settable[2], 2, 10);
  await console.give('hash/setgcint 0', 'hash/setexpire 1');
  a.send(frame(everybody, stationA));
  const old = await within(20, async () => {
    b.send(frame(everybody, stationB));
    return (await find(console, stationA, 10))?.age >= 5;
  });
  t.ok(old);
});

root.test('slow-hello: a bridge sends a hello every four seconds', async (t) => {
  const [, a] = await withClients(t, bridge, 1, 10);
  const isHello = (octets) => isBpdu(octets) && readBpdu(octets).flags === 0x7c;
  // One may have waited for some time.
  await a.receiveThat(isHello);
  t.ok(await a.receiveThat(isHello));
  const first = Date.now();
  t.ok(await a.receiveThat(isHello));
  const between = Date.now() - first;
  t.ok(between > 2500 && between < 6000, `${between} ms`);
});

/** Returns the root of a VLAN, and the port behind which it is, as its event has them. */
const rootEvent = (client, vlan, id) =>
  `3045 fstp/root Port ${String(client ? portOf(client.port) : 0).padStart(4, '0')} VLAN 00:${vlan.toString(16)} -> ${id}`;
const [betterId, ownId] = ['10:00:00:ff:00:00:00:01', '80:00:00:ff:aa:bb:cc:01'];

/** Returns the next event about a VLAN's root in a session, or undefined. */
async function rootsOf(console, vlan) {
  if ((await console.status('port/showinfo')) !== status.success) throw new Error('the console is out of step');
  return console.events().find((event) => event.includes(`VLAN 00:${vlan.toString(16)} `));
}

/** Returns a bridge behind a new port, which is the root of a VLAN. */
async function withRoot(t, vlan) {
  const [console, a] = await withClients(t, bridge, 1, vlan);
  await console.give('debug/add fstp/root');
  a.send(bpdu({ bridge: better }));
  t.equal(await within(10, () => rootsOf(console, vlan)), rootEvent(a, vlan, betterId));
  return [console, a];
}

root.test('slow-root-lost: a root is given up after more than twelve seconds of silence', async (t) => {
  const [console] = await withRoot(t, 0x20);
  const start = Date.now();
  t.equal(await within(25, () => rootsOf(console, 0x20)), rootEvent(undefined, 0x20, ownId));
  t.ok(Date.now() - start > 10_000, 'and not before that');
});

root.test('slow-root-kept: a root that sends hellos is kept', async (t) => {
  const [console, a] = await withRoot(t, 0x30);
  const start = Date.now();
  let said = start;
  const lost = await within(17, async () => {
    if (Date.now() - said > 4000) a.send(bpdu({ bridge: better, flags: 0x7c }));
    if (Date.now() - said > 4000) said = Date.now();
    return rootsOf(console, 0x30);
  });
  t.equal(lost, undefined);
  t.ok(Date.now() - start >= 17_000);
});

root.test("slow-tree-age: the age of a tree is in seconds since its root's last hello", async (t) => {
  const [console, a] = await withRoot(t, 0x40);
  const age = async () => Number(/ age (\d+) /.exec((await console.data(`fstp/print ${0x40}`))[3])[1]);
  t.ok(await within(10, async () => (await age()) >= 2));
  const heardAgain = async () => {
    a.send(bpdu({ bridge: better }));
    return (await age()) === 0;
  };
  t.ok(await within(10, heardAgain));
});
