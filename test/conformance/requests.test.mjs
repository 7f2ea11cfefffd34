import { join } from 'node:path';
import t from 'tap';
import { Client, everybody, frame, request1, request3, scratch, startSwitch } from './peer.mjs';

async function withSwitch(t, ...args) {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, ...args);
  return directory;
}

const number = (path) => Number(/\/(\d+)\.\d+$/.exec(path)?.[1]);

t.test('the reply is 110 octets: the family, a path, zeros', async (t) => {
  const directory = await withSwitch(t);
  const client = await Client.open(t, directory);
  const reply = await client.ask(request3(0, client.path));
  t.equal(reply.length, 110);
  t.equal(reply.readUInt16LE(0), 1);
  t.ok(reply.subarray(reply.indexOf(0, 2)).every((octet) => octet === 0));
});

t.test('any port is the lowest free one', async (t) => {
  const directory = await withSwitch(t);
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  t.equal(number(await a.join()), 1);
  t.equal(number(await b.join()), 2);
});

t.test('a named port', async (t) => {
  const directory = await withSwitch(t);
  const client = await Client.open(t, directory);
  t.equal(number(await client.join(5 << 8)), 5);
});

for (const [name, word] of [
  ['type 1', 1],
  ['a negative port', 0xffffff00],
  ['the most negative port', 0x80000000],
]) {
  t.test(`port 0 by ${name}`, async (t) => {
    const directory = await withSwitch(t);
    const client = await Client.open(t, directory);
    t.equal(number(await client.join(word)), 0);
  });
}

t.test('a request of version 1', async (t) => {
  const directory = await withSwitch(t);
  const client = await Client.open(t, directory);
  t.equal((await client.ask(request1(0, client.path))).length, 110);
});

t.test('a request without description', async (t) => {
  const directory = await withSwitch(t);
  const client = await Client.open(t, directory);
  t.equal((await client.ask(request3(0, client.path, ''))).length, 110);
});

for (const [name, edit] of [
  ['without magic', (octets) => octets.writeUInt32LE(0xdeadbeef, 0)],
  ['of version 2', (octets) => octets.writeUInt32LE(2, 4)],
  ['of version 4', (octets) => octets.writeUInt32LE(4, 4)],
  ['of type 2', (octets) => octets.writeUInt32LE(2, 8)],
  ['of type 255', (octets) => octets.writeUInt32LE(255, 8)],
]) {
  t.test(`a request ${name} closes the stream`, async (t) => {
    const directory = await withSwitch(t);
    const client = await Client.open(t, directory);
    const octets = request3(0, client.path);
    edit(octets);
    t.same(await client.ask(octets), Buffer.alloc(0));
  });
}

t.test('a socket that is not there closes the stream', async (t) => {
  const directory = await withSwitch(t);
  const client = await Client.open(t, directory);
  t.same(await client.ask(request3(0, join(directory, '.nobody'))), Buffer.alloc(0));
});

t.test('a port that is not to be had closes the stream', async (t) => {
  const directory = await withSwitch(t, '-n', '4');
  const client = await Client.open(t, directory);
  t.same(await client.ask(request3(4 << 8, client.path), 500), Buffer.alloc(0));
});

t.test('frames: an unknown station is flooded, a known one is not', async (t) => {
  const directory = await withSwitch(t);
  const [a, b, c] = [await Client.open(t, directory), await Client.open(t, directory), await Client.open(t, directory)];
  for (const client of [a, b, c]) await client.join();
  const hello = frame(everybody, '02:00:00:00:00:0a');
  a.send(hello);
  t.same(await b.receive(), hello, 'the others hear a broadcast');
  t.same(await c.receive(), hello);
  const answer = frame('02:00:00:00:00:0a', '02:00:00:00:00:0b', 1514);
  b.send(answer);
  t.same(await a.receive(), answer, 'the station hears the answer');
  const last = frame(everybody, '02:00:00:00:00:0b', 61);
  b.send(last);
  t.same(await c.receive(), last, 'the third hears the next broadcast, and did not hear the answer');
  t.equal(a.poll()?.length, 61);
  t.equal(b.poll(), undefined, 'nobody hears himself');
});

t.test('frames: two clients of one port do not hear each other, and hear the same', async (t) => {
  const directory = await withSwitch(t);
  const [a, b, c] = [await Client.open(t, directory), await Client.open(t, directory), await Client.open(t, directory)];
  await a.join(3 << 8);
  await b.join(3 << 8);
  await c.join();
  a.send(frame(everybody, '02:00:00:00:00:0a'));
  t.equal((await c.receive()).length, 60);
  t.equal(b.poll(), undefined);
  const answer = frame('02:00:00:00:00:0a', '02:00:00:00:00:0c', 70);
  c.send(answer);
  t.same(await a.receive(), answer);
  t.same(await b.receive(), answer);
});

t.test('frames: a burst of 200 arrives whole and in order', async (t) => {
  const directory = await withSwitch(t);
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  await a.join();
  await b.join();
  b.send(frame(everybody, '02:00:00:00:00:0b'));
  await a.receive();
  for (let i = 0; i < 200; i++) {
    const numbered = frame('02:00:00:00:00:0b', '02:00:00:00:00:0a', 100);
    numbered.writeUInt16BE(i, 14);
    while (a.send(numbered) < 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const got = [];
  for (let i = 0; i < 200; i++) got.push((await b.receive())?.readUInt16BE(14));
  t.same(
    got,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

t.test('frames: what is shorter than an Ethernet header goes nowhere', async (t) => {
  const directory = await withSwitch(t);
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  await a.join();
  await b.join();
  a.send(Buffer.alloc(13, 0xff));
  a.send(frame(everybody, '02:00:00:00:00:0a', 14));
  t.equal((await b.receive()).length, 14);
});

t.test('frames: a jumbo frame passes whole', async (t) => {
  const directory = await withSwitch(t);
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  await a.join();
  await b.join();
  const jumbo = frame(everybody, '02:00:00:00:00:0a', 9000);
  a.send(jumbo);
  t.same(await b.receive(), jumbo);
});

t.test('frames: a client that vanishes takes its port along', async (t) => {
  const directory = await withSwitch(t);
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  await a.join();
  await b.join();
  b.close();
  const c = await Client.open(t, directory);
  t.equal(number(await c.join()), 2, 'which the next one gets');
});
