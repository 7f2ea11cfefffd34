/**
 * Black-box tests of the switch as a hub.
 */
import { join } from 'node:path';
import t from 'tap';
import { Client, everybody, frame, scratch, sharedSwitch, startSwitch, tagged } from './peer.mjs';

const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
const bridgeGroup = '01:80:c2:00:00:00';
const shared = sharedSwitch(t, '-x');

async function clients(t, count, word = 0) {
  const directory = await shared();
  const all = [];
  for (let i = 0; i < count; i++) all.push(await Client.joined(t, directory, word));
  return all;
}

t.test('hub-known: a frame to a known station goes to all other ports, too', async (t) => {
  const [a, b, c] = await clients(t, 3);
  a.send(frame(everybody, stationA));
  await b.receive();
  await c.receive();
  const answer = frame(stationA, stationB, 77);
  b.send(answer);
  t.same(await a.receive(), answer);
  t.same(await c.receive(), answer);
  t.equal(b.poll(), undefined, 'nobody hears himself');
});

for (const [key, name, sent] of [
  ['tagged', "a frame with any VLAN's tag", tagged(frame(everybody, stationA), 5, 3)],
  ['tagged-0', 'a frame with the tag of VLAN 0', tagged(frame(everybody, stationA), 0)],
  ['tagged-4095', 'a frame with the tag 4095', tagged(frame(everybody, stationA), 4095)],
  ['two-tags', 'a frame with two tags', tagged(tagged(frame(everybody, stationA), 5), 6)],
  ['bridges', 'a frame for the bridge group', frame(bridgeGroup, stationA, 53, 0, 39)],
  ['shortest', 'the shortest frame', frame(everybody, stationA, 14)],
  ['longest', 'the longest Ethernet frame', frame(everybody, stationA, 1518)],
  ['same-port', 'a frame for a station of the same port', frame(stationA, stationA, 61)],
  ['group-source', 'a frame from a group address', frame(everybody, '03:00:00:00:00:01', 62)],
]) {
  t.test(`hub-passes[${key}]: ${name} passes unchanged`, async (t) => {
    const [a, b, c] = await clients(t, 3);
    a.send(sent);
    t.same(await b.receive(), sent);
    t.same(await c.receive(), sent);
  });
}

t.test('hub-too-short: a frame shorter than an Ethernet header is dropped', async (t) => {
  const [a, b] = await clients(t, 2);
  a.send(Buffer.alloc(13, 0xff));
  a.send(frame(everybody, stationA, 63));
  t.equal((await b.receive())?.length, 63);
});

t.test('hub-port-0-sends: frames from port 0 are heard', async (t) => {
  const [a] = await clients(t, 1);
  const [manager] = await clients(t, 1, 1);
  manager.send(frame(everybody, stationB, 64));
  t.equal((await a.receive())?.length, 64);
});

t.test('hub-port-0-hears: port 0 gets no frames', async (t) => {
  const [a, b] = await clients(t, 2);
  const [manager] = await clients(t, 1, 1);
  for (let length = 60; length < 70; length++) a.send(frame(everybody, stationA, length));
  for (let length = 60; length < 70; length++) t.equal((await b.receive())?.length, length);
  t.equal(manager.poll(), undefined);
});

t.test('hub-same-port: two clients of a port do not hear each other', async (t) => {
  const [a, b] = await clients(t, 2, 9 << 8);
  const [c] = await clients(t, 1);
  a.send(frame(everybody, stationA, 65));
  t.equal((await c.receive())?.length, 65);
  t.equal(b.poll(), undefined);
  c.send(frame(stationA, stationB, 66));
  t.equal((await a.receive())?.length, 66);
  t.equal((await b.receive())?.length, 66);
});

for (const [name, args] of [
  ['--hub', ['--hub']],
  ['-hub', ['-hub']],
  ['-x after -F', ['-F', '-x']],
  ['-x before -F', ['-x', '-F']],
]) {
  t.test(`hub-option[${name}]: makes a hub that sends nothing itself`, async (t) => {
    const directory = join(scratch(t), 'sw');
    await startSwitch(t, directory, ...args);
    const [a, b, c] = [await Client.joined(t, directory), await Client.joined(t, directory), await Client.joined(t, directory)];
    a.send(frame(everybody, stationA));
    t.equal((await b.receive())?.length, 60, 'the first that it hears');
    await c.receive();
    b.send(frame(stationA, stationB, 67));
    t.equal((await c.receive())?.length, 67);
  });
}

t.test('hub-no-option: without -x it is no hub', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const [a, b, c] = [await Client.joined(t, directory), await Client.joined(t, directory), await Client.joined(t, directory)];
  a.send(frame(everybody, stationA));
  await b.receive();
  await c.receive();
  b.send(frame(stationA, stationB, 67));
  await a.receive();
  b.send(frame(everybody, stationB, 68));
  t.equal((await c.receive())?.length, 68);
});

t.test('hub-sethub: port/sethub makes a hub, and a switch again', async (t) => {
  const directory = join(scratch(t), 'sw');
  const one = await startSwitch(t, directory);
  const [a, b, c] = [await Client.joined(t, directory), await Client.joined(t, directory), await Client.joined(t, directory)];
  await one.command('port/sethub 1');
  const foreign = tagged(frame(everybody, stationA), 77);
  a.send(foreign);
  t.same(await b.receive(), foreign);
  t.same(await c.receive(), foreign);
  await one.command('port/sethub 0');
  a.send(foreign);
  a.send(frame(everybody, stationA, 69));
  t.equal((await b.receive())?.length, 69);
});
