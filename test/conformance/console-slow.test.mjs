/**
 * Black-box tests of what takes its time: seconds are counted by the switch, and read at its console. They wait side by side.
 */
import t from 'tap';
import { bpdu, nextBpdu } from './console-bpdu.mjs';
import { startConsole, status } from './console.mjs';
import { Client, everybody, frame } from './peer.mjs';

t.jobs = 20;
const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
const better = '1000.00:ff:00:00:00:01';

/** A switch, its console, and so many clients. */
async function withClients(t, count, ...args) {
  const one = await startConsole(t, ...args);
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await Client.joined(t, one.directory));
  return [one.console, ...clients];
}

/** Asks again and again, some times in a second, until the answer is the wanted one, which is returned; undefined after `seconds`. */
async function within(seconds, ask) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Port and age of a station; the port that `hash/find` has is one too high. */
async function find(console, mac) {
  const { data } = await console.ask(`hash/find ${mac}`);
  const [, port, age] = /to port: (\d+) {2}age (\d+) secs$/.exec(data[0]) ?? [];
  return port && { port: Number(port) - 1, age: Number(age) };
}

t.test('slow: the age of the switch is in seconds', async (t) => {
  const [console] = await withClients(t, 0);
  const uptime = async () => Number(/uptime (\d+)$/m.exec((await console.data('showinfo'))[3])[1]);
  const first = await uptime();
  t.ok(first < 5);
  const start = Date.now();
  const second = await within(10, async () => (await uptime()) >= first + 2 && uptime());
  t.ok(second, 'it grows');
  t.ok(Date.now() - start > 900, 'by one in a second');
});

t.test('slow: the age of a station is in seconds since it was heard', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA))?.age === 2));
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA))?.age === 0), 'and it is heard again');
});

t.test('slow: a station that is silent too long is forgotten, and told', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('hash/setgcint 1', 'hash/setexpire 2');
  a.send(frame(everybody, stationA));
  t.ok(await within(10, () => find(console, stationA)));
  await console.give('debug/add hash/-');
  const gone = await within(20, async () => {
    b.send(frame(everybody, stationB));
    return (await find(console, stationA)) === undefined;
  });
  t.ok(gone);
  t.same(console.events(), [`3012 hash/- ${stationA} VLAN 00:00 Port 1`]);
  t.ok(await find(console, stationB), 'who goes on talking is not');
});

t.test('slow: a station is kept for ever when nobody sweeps', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('hash/setgcint 0', 'hash/setexpire 1');
  a.send(frame(everybody, stationA));
  const old = await within(20, async () => {
    b.send(frame(everybody, stationB));
    return (await find(console, stationA))?.age >= 5;
  });
  t.ok(old);
});

t.test('slow: a station that was silent for more than three seconds can move', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA))?.age === 1));
  b.send(frame(everybody, stationA));
  t.equal((await find(console, stationA))?.port, 1, 'not before that');
  t.ok(await within(20, async () => (await find(console, stationA))?.age >= 4));
  b.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA))?.port === 2));
});

t.test('slow: the time of persistence is what was set', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('hash/setminper 1');
  a.send(frame(everybody, stationA));
  t.ok(await within(20, async () => (await find(console, stationA))?.age === 2));
  b.send(frame(everybody, stationA));
  t.ok(await within(10, async () => (await find(console, stationA))?.port === 2));
});

t.test('slow: a station that goes on talking cannot be taken away', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  const start = Date.now();
  a.send(frame(everybody, stationA));
  const moved = await within(5, async () => {
    b.send(frame(everybody, stationA));
    a.send(frame(everybody, stationA));
    return (await find(console, stationA))?.port === 2;
  });
  t.notOk(moved);
  t.ok(Date.now() - start >= 5000);
});

t.test('slow: a bridge says hello each four seconds', async (t) => {
  const [, a] = await withClients(t, 1, '-F');
  const hello = (said) => said.flags === 0x7c;
  t.ok(await nextBpdu(a, hello));
  const first = Date.now();
  t.ok(await nextBpdu(a, hello));
  const between = Date.now() - first;
  t.ok(between > 2500 && between < 6000, `${between} ms`);
});

t.test('slow: a root that is silent for more than twelve seconds is none', async (t) => {
  const [console, a] = await withClients(t, 1, '-F', '--macaddr', '00:ff:aa:bb:cc:01');
  await console.give('debug/add fstp/root');
  a.send(bpdu({ root: better }));
  t.equal(await console.event(), '3045 fstp/root Port 0001 VLAN 00:00 -> 10:00:00:ff:00:00:00:01');
  const start = Date.now();
  const lost = await within(25, async () => (await console.status('port/showinfo')) === status.success && console.events()[0]);
  t.equal(lost, '3045 fstp/root Port 0000 VLAN 00:00 -> 80:00:00:ff:aa:bb:cc:01');
  t.ok(Date.now() - start > 10_000, 'and not before that');
});

t.test('slow: a root that says hello stays', async (t) => {
  const [console, a] = await withClients(t, 1, '-F', '--macaddr', '00:ff:aa:bb:cc:01');
  await console.give('debug/add fstp/root');
  a.send(bpdu({ root: better }));
  await console.event();
  const start = Date.now();
  let said = start;
  const lost = await within(17, async () => {
    if (Date.now() - said > 4000) a.send(bpdu({ root: better, flags: 0x7c }));
    if (Date.now() - said > 4000) said = Date.now();
    return (await console.status('port/showinfo')) === status.success && console.events()[0];
  });
  t.equal(lost, undefined);
  t.ok(Date.now() - start >= 17_000);
});

t.test('slow: the age of a tree is in seconds since its root was heard', async (t) => {
  const [console, a] = await withClients(t, 1, '-F');
  const age = async () => Number(/ age (\d+) /.exec((await console.data('fstp/print 0'))[3])[1]);
  a.send(bpdu({ root: better }));
  t.ok(await within(10, async () => (await age()) === 2));
  a.send(bpdu({ root: better }));
  t.ok(await within(10, async () => (await age()) === 0));
});
