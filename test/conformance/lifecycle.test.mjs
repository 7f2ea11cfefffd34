/**
 * Black-box tests of what goes when a client or a switch goes, and of what stays.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bindOnly, Client, everybody, frame, portOf, portWord, run, scratch, sharedSwitch, startSwitch, until } from './peer.mjs';

const shared = sharedSwitch(t);

/** Returns a switch of the test's own. */
async function own(t, ...args) {
  const directory = join(scratch(t), 'sw');
  return { directory, one: await startSwitch(t, directory, ...args) };
}

t.test('leaving-socket: the socket of a killed client is removed', async (t) => {
  const directory = await shared();
  const client = await Client.joined(t, directory);
  t.ok(lstatSync(client.port).isSocket());
  client.close();
  await until(() => !existsSync(client.port), directory);
  t.notOk(readdirSync(directory).some((name) => name.startsWith('001')));
});

t.test('leaving-port: the port of a killed client is free again', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  a.close();
  await until(() => !existsSync(a.port), directory);
  t.equal(portOf(await (await Client.open(t, directory)).join()), 1);
  b.close();
});

t.test('leaving-stream-end: the end of the stream is the end of the port, though its datagram socket is open', async (t) => {
  const directory = await shared();
  const client = await Client.joined(t, directory);
  client.stream.destroy();
  await until(() => !existsSync(client.port), directory);
  await until(() => client.send(frame(everybody, '02:00:00:00:00:0a')) < 0, directory);
  t.ok(client.send(frame(everybody, '02:00:00:00:00:0a')) < 0, 'what it sends is refused');
});

t.test('leaving-half-closed: half of the stream is enough', async (t) => {
  const directory = await shared();
  const client = await Client.joined(t, directory);
  client.stream.end();
  await until(() => !existsSync(client.port), directory);
  await until(() => client.closed, directory);
  t.ok(client.closed);
});

t.test('leaving-datagram-closed: a closed datagram socket leaves the port to its stream', async (t) => {
  const directory = await shared();
  const [a, b, c] = [await Client.joined(t, directory), await Client.joined(t, directory), await Client.joined(t, directory)];
  b.closeDatagram();
  for (const length of [60, 61, 62]) {
    a.send(frame(everybody, '02:00:00:00:00:0a', length));
    t.equal((await c.receive())?.length, length, 'the others hear each other');
  }
  t.ok(existsSync(b.port), 'its port is there');
  t.equal(portOf(await (await Client.open(t, directory)).join()), 4, 'and given to nobody');
});

t.test('leaving-empty-datagram: an empty datagram has no effect', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  a.send(Buffer.alloc(0));
  a.send(frame(everybody, '02:00:00:00:00:0a', 63));
  t.equal((await b.receive())?.length, 63);
  t.ok(existsSync(a.port));
});

t.test("leaving-third-process: a third process cannot send to a port's socket", async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  const stranger = await Client.open(t, directory);
  stranger.connectTo(a.port);
  t.ok(stranger.send(frame(everybody, '02:00:00:00:00:0f', 99)) < 0);
  a.send(frame(everybody, '02:00:00:00:00:0a', 64));
  t.equal((await b.receive())?.length, 64, 'only its client can');
});

t.test('leaving-leftovers: files of a killed client are removed from the directory', async (t) => {
  const directory = await shared();
  const client = await Client.joined(t, directory);
  client.close();
  await until(() => !existsSync(client.path), directory);
  t.notOk(existsSync(client.path));
});

t.test('leaving-live-socket: the socket of a live client stays', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  b.close();
  await until(() => !existsSync(b.port), directory);
  t.ok(existsSync(a.path));
  t.ok(existsSync(a.port));
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  t.test(`ending-signal[${signal}]: closes the streams and removes every socket of the switch`, async (t) => {
    const { directory, one } = await own(t);
    const clients = [
      await Client.joined(t, directory),
      await Client.joined(t, directory, portWord(9)),
      await Client.joined(t, directory, 1),
    ];
    await one.end(signal);
    for (const client of clients) await until(() => client.closed, directory);
    t.same(
      readdirSync(directory).filter((name) => !name.startsWith('.')),
      [],
      'what the clients have there is theirs',
    );
  });
}

t.test('ending-no-clients: without clients nothing is left', async (t) => {
  const { directory, one } = await own(t);
  await (await Client.joined(t, directory)).leave();
  t.same(await one.end('SIGTERM'), { code: 0, signal: null });
  t.notOk(existsSync(directory));
});

t.test("ending-live-client: a live client's socket keeps the directory", async (t) => {
  const { directory, one } = await own(t);
  const client = await Client.joined(t, directory);
  await one.end('SIGTERM');
  t.ok(existsSync(client.path));
});

t.test('ending-dead-clients: sockets of dead clients do not keep the directory', async (t) => {
  const { directory, one } = await own(t);
  bindOnly('datagram', join(directory, '.00001-00000'))[Symbol.dispose]();
  await one.end('SIGTERM');
  t.notOk(existsSync(directory));
});

t.test('ending-killed: a killed switch leaves its sockets', async (t) => {
  const { directory, one } = await own(t);
  const client = await Client.joined(t, directory);
  await one.end('SIGKILL');
  t.ok(existsSync(join(directory, 'ctl')));
  t.ok(existsSync(client.port));
  await until(() => client.closed, directory);
  t.ok(client.closed);
});

t.test('starting-stale: the files of a killed switch are taken over', async (t) => {
  const { directory, one } = await own(t);
  await one.end('SIGKILL');
  await startSwitch(t, directory);
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  a.send(frame(everybody, '02:00:00:00:00:0a', 65));
  t.equal((await b.receive())?.length, 65);
});

t.test("starting-stale-ports: sockets of a killed switch's ports do no harm", async (t) => {
  const { directory, one } = await own(t);
  const before = [];
  for (let i = 0; i < 3; i++) before.push(await Client.joined(t, directory));
  await one.end('SIGKILL');
  await startSwitch(t, directory);
  for (const number of [1, 2, 3]) t.equal(portOf(await (await Client.open(t, directory)).join()), number);
});

t.test("starting-stale-ports-removed: sockets of a killed switch's ports are removed", async (t) => {
  const { directory, one } = await own(t);
  const client = await Client.joined(t, directory, portWord(9));
  await one.end('SIGKILL');
  await startSwitch(t, directory);
  await Client.joined(t, directory);
  t.notOk(existsSync(client.port));
});

t.test('starting-second: a second switch on one directory is refused, and the first continues', async (t) => {
  const { directory } = await own(t);
  const client = await Client.joined(t, directory);
  const { code, stderr } = await run('-s', directory);
  t.equal(code, 255);
  t.match(stderr, directory);
  t.ok(existsSync(client.port));
  const other = await Client.joined(t, directory);
  client.send(frame(everybody, '02:00:00:00:00:0a', 66));
  t.equal((await other.receive())?.length, 66);
});

t.test('starting-independent: two switches on two directories are independent', async (t) => {
  const [{ directory: first }, { directory: second }] = [await own(t), await own(t)];
  const [a, b, c] = [await Client.joined(t, first), await Client.joined(t, second), await Client.joined(t, second)];
  a.send(frame(everybody, '02:00:00:00:00:0a', 67));
  b.send(frame(everybody, '02:00:00:00:00:0b', 68));
  t.equal((await c.receive())?.length, 68);
  t.equal(a.poll(), undefined);
});

t.test('removed-directory: a removed directory is made again, and its clients hear each other meanwhile', async (t) => {
  const { directory } = await own(t);
  const [a, b] = [await Client.joined(t, directory), await Client.joined(t, directory)];
  rmSync(directory, { recursive: true });
  a.send(frame(everybody, '02:00:00:00:00:0a'));
  t.equal((await b.receive())?.length, 60);
  // A socket's name is there before the socket listens.
  const served = () => Client.joined(t, directory).catch(() => undefined);
  let c;
  await until(async () => existsSync(join(directory, 'ctl')) && (c = await served()) !== undefined, join(directory, '..'));
  b.send(frame(everybody, '02:00:00:00:00:0b'));
  t.equal((await a.receive())?.length, 60);
  t.equal((await c.receive())?.length, 60);
});
