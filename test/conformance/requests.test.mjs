/**
 * Black-box tests of the handshake: what a client asks on `ctl`, and what it is told.
 */
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  bindOnly,
  Client,
  everybody,
  frame,
  needsRoot,
  portOf,
  portWord,
  request1,
  request3,
  scratch,
  sharedSwitch,
  soon,
  startSwitch,
  until,
} from './peer.mjs';

const shared = sharedSwitch(t);
const closed = Buffer.alloc(0);

t.test('requests-reply: the reply is 110 octets: the family, a path, zeros', async (t) => {
  const client = await Client.open(t, await shared());
  const reply = await client.ask(request3(0, client.path));
  t.equal(reply.length, 110);
  t.equal(reply.readUInt16LE(0), 1);
  t.ok(reply.subarray(reply.indexOf(0, 2)).every((octet) => octet === 0));
});

t.test('requests-reply-path: the path in the reply is a socket in the directory, named for the port', async (t) => {
  const directory = await shared();
  const path = await (await Client.open(t, directory)).join(portWord(7));
  t.match(path, new RegExp(`^${directory}/007\\.\\d+$`));
  t.ok(existsSync(path));
});

t.test('requests-reply-only: nothing follows the reply on the stream', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  b.send(frame(everybody, '02:00:00:00:00:0b'));
  await a.receive();
  await b.leave();
  await Client.joined(t, directory);
  t.equal(a.octets.length, 110);
  t.notOk(a.closed);
});

for (const [key, name, request] of [
  ['v3', 'of version 3 with a description', (path) => request3(0, path)],
  ['v3-empty', 'of version 3 with no description', (path) => request3(0, path, '')],
  ['v3-1', 'of version 3 with a description of 1 octet', (path) => request3(0, path, 'x')],
  ['v3-128', 'of version 3 with a description of 128 octets', (path) => request3(0, path, 'x'.repeat(128))],
  ['v3-134', 'of version 3 with a description of 134 octets', (path) => request3(0, path, 'x'.repeat(134))],
  ['v3-nuls', 'of version 3 with NULs after its description', (path) => request3(0, path, 'QEMU\0\0\0')],
  ['v3-binary', 'of version 3 with a binary description', (path) => request3(0, path, '\n.\n\x1b[2J\xff')],
  ['v1', 'of version 1 with a description', (path) => request1(0, path)],
  ['v1-empty', 'of version 1 with no description', (path) => request1(0, path, '')],
]) {
  t.test(`requests-granted[${key}]: a request ${name} is granted, and carries frames`, async (t) => {
    const directory = await shared();
    const [a, b] = [await Client.open(t, directory), await Client.joined(t, directory)];
    await a.join(0, { request: request(a.path) });
    const sent = frame(everybody, '02:00:00:00:00:0a', 99);
    a.send(sent);
    t.same(await b.receive(), sent);
  });
}

t.test('requests-long-description: a description of 800 octets is not a second request', async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const client = await Client.open(t, directory);
  const path = await client.join(0, { description: 'x'.repeat(800) });
  client.close();
  await until(() => !existsSync(path), directory, undefined, soon);
  t.notOk(readdirSync(directory).some((name) => /^\d/.test(name)));
});

t.test('requests-pieces: a request in two pieces is one request', async (t) => {
  // A switch of its own: the original keeps what it makes of the pieces.
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory);
  const client = await Client.open(t, directory);
  const request = request3(0, client.path);
  client.stream.write(request.subarray(0, 50));
  // By then it has been read.
  await Client.joined(t, directory);
  t.equal(client.octets.length, 0, 'it is not answered before it is whole');
  t.equal((await client.ask(request.subarray(50))).length, 110);
});

for (const [key, name, edit] of [
  ['no-magic', 'without magic', (octets) => octets.writeUInt32LE(0xdeadbeef, 0)],
  ['magic-swapped', 'with the magic in the other byte order', (octets) => octets.writeUInt32BE(0xfeedface, 0)],
  ['version-2', 'of version 2', (octets) => octets.writeUInt32LE(2, 4)],
  ['version-4', 'of version 4', (octets) => octets.writeUInt32LE(4, 4)],
  ['version-255', 'of version 255', (octets) => octets.writeUInt32LE(255, 4)],
  ['version-negative', 'of version -1', (octets) => octets.writeInt32LE(-1, 4)],
  ['version-swapped', 'of version 3 in the other byte order', (octets) => octets.writeUInt32BE(3, 4)],
  ['type-2', 'of type 2', (octets) => octets.writeUInt32LE(2, 8)],
  ['type-3', 'of type 3', (octets) => octets.writeUInt32LE(3, 8)],
  ['type-255', 'of type 255', (octets) => octets.writeUInt32LE(255, 8)],
  ['type-2-port', 'of type 2 for a port', (octets) => octets.writeUInt32LE(0x502, 8)],
  ['text', 'that is text', (octets) => octets.fill('GET / HTTP/1.1\r\n')],
  ['zeros', 'of zeros', (octets) => octets.fill(0)],
]) {
  t.test(`requests-refused[${key}]: a request ${name} closes the stream`, async (t) => {
    const client = await Client.open(t, await shared());
    const octets = request3(0, client.path);
    edit(octets);
    t.same(await client.ask(octets), closed);
  });
}

for (const [key, name, make] of [
  ['missing', 'is missing', (path) => unlinkSync(path)],
  ['file', 'is a file', (path) => (unlinkSync(path), writeFileSync(path, ''))],
  ['directory', 'is a directory', (path) => (unlinkSync(path), mkdirSync(path))],
  ['stream', 'is a stream socket', (path) => (unlinkSync(path), bindOnly('stream', path))],
  ['dead', 'belongs to no live process', (path) => (unlinkSync(path), bindOnly('datagram', path)[Symbol.dispose]())],
]) {
  t.test(`requests-socket[${key}]: a client whose socket ${name} is refused`, async (t) => {
    const path = join(scratch(t), 'socket');
    const client = await Client.open(t, await shared(), { path });
    const made = make(path);
    client.bound = false;
    t.same(await client.ask(request3(0, path)), closed);
    made?.[Symbol.dispose]?.();
  });
}

/** Returns an abstract name of all 108 octets, as User-mode Linux and Bochs have. */
const abstractName = () => `\0conformance-${process.pid}-${abstractNames++}`.padEnd(108, '\0');
let abstractNames = 0;

t.test('requests-abstract: a client whose socket has an abstract name of 108 octets is served', async (t) => {
  const directory = await shared();
  const path = abstractName();
  const [a, b] = [await Client.open(t, directory, { path }), await Client.joined(t, directory)];
  await a.join(0, { request: request3(0, path, '') });
  const sent = frame(everybody, '02:00:00:00:00:0a', 99);
  a.send(sent);
  t.same(await b.receive(), sent);
  b.send(frame(everybody, '02:00:00:00:00:0b', 61));
  t.equal((await a.receive())?.length, 61);
});

t.test("requests-abstract-foreign: another user's abstract socket is not taken for the client's", { skip: needsRoot }, async (t) => {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, '-m', '666');
  const owner = await Client.open(t, directory, { path: abstractName() });
  const client = await Client.open(t, directory, { user: { uid: 1, gid: 1 } });
  t.same(await client.ask(request3(0, owner.path)), closed);
});

t.test('requests-abstract-short: an abstract name of less than 108 octets closes the stream', async (t) => {
  const client = await Client.open(t, await shared(), { path: `\0conformance-${process.pid}` });
  t.same(await client.ask(request3(0, client.path)), closed);
});

t.test('requests-elsewhere: a client may have its socket in another place', async (t) => {
  const directory = await shared();
  const a = await Client.joined(t, directory, 0, { path: join(scratch(t), 'elsewhere') });
  const b = await Client.joined(t, directory);
  b.send(frame(everybody, '02:00:00:00:00:0b', 61));
  t.equal((await a.receive())?.length, 61);
});

t.test('requests-connected: the switch is connected to the client before it replies', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.open(t, directory), await Client.joined(t, directory)];
  await a.ask(request3(0, a.path));
  unlinkSync(a.path);
  b.send(frame(everybody, '02:00:00:00:00:0b', 62));
  t.equal((await a.receive())?.length, 62, 'and needs its name no more');
});

t.test('requests-silent: 40 silent connections keep no client out', async (t) => {
  const directory = await shared();
  for (let i = 0; i < 40; i++) await Client.open(t, directory);
  t.equal(portOf(await (await Client.open(t, directory)).join()), 1);
});

t.test('requests-at-once: 20 simultaneous clients are all served', async (t) => {
  const directory = await shared();
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await Client.open(t, directory));
  const ports = await Promise.all(clients.map((client) => client.join()));
  t.equal(new Set(ports.map(portOf)).size, 20);
});

for (const [key, name, word, path] of [
  ['ports', 'missing ports', portWord(9), (client) => client.path],
  ['sockets', 'missing sockets', 0, () => '/nowhere/socket'],
]) {
  t.test(`requests-descriptors[${key}]: refusals of ${name} leak no descriptors`, async (t) => {
    const directory = join(scratch(t), 'sw');
    const { pid } = await startSwitch(t, directory, '-n', '4');
    const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
    const before = descriptors();
    for (let i = 0; i < 30; i++) {
      const client = await Client.open(t, directory);
      await client.ask(request3(word, path(client)), 20);
      await client.leave();
    }
    await Client.joined(t, directory);
    await until(() => descriptors() <= before + 4, directory, undefined, soon);
    t.ok(descriptors() <= before + 4);
  });
}

for (const [key, name, more] of [
  ['garbage', 'garbage', () => Buffer.from('and what about this?')],
  ['request', 'a second request', (client) => request3(0, client.path)],
]) {
  t.test(`requests-after[${key}]: ${name} after the request ends the port, completely`, async (t) => {
    const directory = join(scratch(t), 'sw');
    await startSwitch(t, directory);
    const client = await Client.joined(t, directory);
    client.stream.write(more(client));
    await until(() => client.closed || client.octets.length > 110, directory, undefined, soon);
    client.stream.destroy();
    await until(() => !existsSync(client.port), directory, undefined, soon);
    t.same(
      readdirSync(directory).filter((name) => /^\d/.test(name)),
      [],
    );
  });
}
