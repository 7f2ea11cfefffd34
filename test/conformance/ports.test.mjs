/**
 * Black-box tests of who gets which port.
 */
import { join } from 'node:path';
import t from 'tap';
import {
  Client,
  daemonUser,
  everybody,
  frame,
  needsRoot,
  nobodyUser,
  portOf,
  portWord,
  request1,
  request3,
  scratch,
  sharedSwitch,
  startSwitch,
} from './peer.mjs';

const shared = sharedSwitch(t, '-m', '666');
const four = sharedSwitch(t, '-n', '4');

t.test('ports-lowest: a client that names no port gets the lowest free one', async (t) => {
  const directory = await shared();
  const [a, b, c] = [await Client.open(t, directory), await Client.open(t, directory), await Client.open(t, directory)];
  for (const [index, client] of [a, b, c].entries()) t.equal(portOf(await client.join()), index + 1);
});

t.test('ports-again: a port that was left is given again', async (t) => {
  const directory = await shared();
  const [a, b, c] = [await Client.joined(t, directory), await Client.joined(t, directory), await Client.joined(t, directory)];
  await b.leave();
  t.equal(portOf(await (await Client.open(t, directory)).join()), 2);
  await a.leave();
  await c.leave();
  t.equal(portOf(await (await Client.open(t, directory)).join()), 1);
});

t.test('ports-not-named: a client that names no port gets none that was taken by number', async (t) => {
  const directory = await shared();
  await Client.joined(t, directory, portWord(1));
  await Client.joined(t, directory, portWord(3));
  t.equal(portOf(await (await Client.open(t, directory)).join()), 2);
  t.equal(portOf(await (await Client.open(t, directory)).join()), 4);
});

for (const number of [1, 2, 5, 31]) {
  t.test(`ports-named[${number}]: port ${number} by its number`, async (t) => {
    t.equal(portOf(await (await Client.open(t, await shared())).join(portWord(number))), number);
  });
}

for (const [key, name, request] of [
  ['type-1', 'type 1', (path) => request3(1, path)],
  ['type-1-named', "type 1, with any port's number", (path) => request3(0x501, path)],
  ['negative', 'a negative number', (path) => request3(0xffffff00, path)],
  ['most-negative', 'the most negative number', (path) => request3(0x80000000, path)],
  ['version-1', 'type 1 of version 1', (path) => request1(1, path)],
]) {
  t.test(`ports-management[${key}]: port 0 by ${name}`, async (t) => {
    const client = await Client.open(t, await shared());
    t.equal(portOf(await client.join(0, { request: request(client.path) })), 0);
  });
}

t.test('ports-management-frames: port 0 sends and receives', async (t) => {
  const directory = await shared();
  const [manager, a] = [await Client.joined(t, directory, 1), await Client.joined(t, directory)];
  a.send(frame(everybody, '02:00:00:00:00:0a', 70));
  t.equal((await manager.receive())?.length, 70);
  manager.send(frame('02:00:00:00:00:0a', '02:00:00:00:00:0b', 71));
  t.equal((await a.receive())?.length, 71);
});

t.test('ports-management-not-any: port 0 is never given to a client that names no port', async (t) => {
  const directory = await four();
  const numbers = [];
  for (let i = 0; i < 3; i++) numbers.push(portOf(await (await Client.open(t, directory)).join()));
  t.same(numbers, [1, 2, 3]);
});

t.test('ports-default: there are 31 by default', async (t) => {
  const directory = await shared();
  const numbers = [];
  for (let i = 0; i < 31; i++) numbers.push(portOf(await (await Client.open(t, directory)).join()));
  t.same(
    numbers,
    Array.from({ length: 31 }, (_, i) => i + 1),
  );
  const late = await Client.open(t, directory);
  t.not((await late.ask(request3(0, late.path), 200)).length, 110, 'and no more');
});

t.test('ports-last: the last of few ports can be named', async (t) => {
  t.equal(portOf(await (await Client.open(t, await four())).join(portWord(3))), 3);
});

for (const [key, name, word] of [
  ['numports', 'a number equal to the number of ports', 4 << 8],
  ['above', 'a number above it', 100 << 8],
  ['greatest', 'the greatest number', 0x7fffff00],
]) {
  t.test(`ports-beyond[${key}]: ${name} is not given`, async (t) => {
    const client = await Client.open(t, await four());
    t.not((await client.ask(request3(word, client.path), 200)).length, 110);
  });
}

t.test('ports-refused: an unavailable port closes the stream', async (t) => {
  const client = await Client.open(t, await four());
  t.same(await client.ask(request3(portWord(4), client.path)), Buffer.alloc(0));
});

t.test('ports-none-free: when no port is free, the stream is closed', async (t) => {
  const directory = await four();
  for (let i = 0; i < 3; i++) await Client.joined(t, directory);
  const late = await Client.open(t, directory);
  t.same(await late.ask(request3(0, late.path)), Buffer.alloc(0));
});

t.test('ports-one: with one port there is only port 0', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '-n', '1');
  t.equal(portOf(await (await Client.open(t, directory)).join(1)), 0);
  const other = await Client.open(t, directory);
  t.not((await other.ask(request3(0, other.path), 200)).length, 110);
});

t.test('ports-shared: clients of one port receive the same, and not from each other', async (t) => {
  const directory = await shared();
  const [a, b, c] = [await Client.open(t, directory), await Client.open(t, directory), await Client.open(t, directory)];
  t.equal(portOf(await a.join(portWord(3))), 3);
  t.equal(portOf(await b.join(portWord(3))), 3);
  t.not(a.port, b.port, 'each has a socket of its own');
  await c.join();
  a.send(frame(everybody, '02:00:00:00:00:0a'));
  t.equal((await c.receive())?.length, 60);
  t.equal(b.poll(), undefined);
  const answer = frame('02:00:00:00:00:0a', '02:00:00:00:00:0c', 70);
  c.send(answer);
  t.same(await a.receive(), answer);
  t.same(await b.receive(), answer);
});

t.test('ports-management-shared: port 0 is shared like any other', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.open(t, directory), await Client.open(t, directory)];
  t.same([portOf(await a.join(1)), portOf(await b.join(1))], [0, 0]);
});

t.test('ports-one-leaves: when one of two clients leaves, the other keeps the port', async (t) => {
  const directory = await shared();
  const [a, b, c] = [
    await Client.joined(t, directory, portWord(4)),
    await Client.joined(t, directory, portWord(4)),
    await Client.joined(t, directory),
  ];
  await a.leave();
  c.send(frame(everybody, '02:00:00:00:00:0c', 66));
  t.equal((await b.receive())?.length, 66);
  b.send(frame('02:00:00:00:00:0c', '02:00:00:00:00:0b', 67));
  t.equal((await c.receive())?.length, 67);
});

for (const [key, name, first, second] of [
  ['user', 'another user', nobodyUser, daemonUser],
  ['root', 'root', nobodyUser, undefined],
  ['user-of-root', 'a user other than root', undefined, nobodyUser],
]) {
  t.test(`ports-foreign[${key}]: a port that one user has is not given to ${name}`, { skip: needsRoot }, async (t) => {
    const directory = await shared();
    await Client.joined(t, directory, portWord(6), { user: first });
    const client = await Client.open(t, directory, { user: second });
    t.not((await client.ask(request3(portWord(6), client.path), 200)).length, 110);
    t.equal(portOf(await (await Client.open(t, directory, { user: first })).join(portWord(6))), 6, 'and to the same one it is');
  });
}

t.test('ports-left: a port that a user left is given to another', { skip: needsRoot }, async (t) => {
  const directory = await shared();
  const first = await Client.joined(t, directory, portWord(6), { user: nobodyUser });
  await first.leave();
  t.equal(portOf(await (await Client.open(t, directory, { user: daemonUser })).join(portWord(6))), 6);
});

t.test("ports-false-owner: a client that names another user's socket does not become that user", { skip: needsRoot }, async (t) => {
  const directory = await shared();
  const owner = await Client.joined(t, directory, portWord(8), { user: nobodyUser });
  const thief = await Client.open(t, directory, { user: daemonUser });
  t.not((await thief.ask(request3(portWord(8), owner.path), 200)).length, 110);
});
