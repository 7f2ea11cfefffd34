/**
 * Black-box tests of what the switch is by its options: a hub, a bridge in a spanning tree.
 */
import { join } from 'node:path';
import t from 'tap';
import { Client, everybody, frame, run, scratch, startSwitch } from './peer.mjs';

const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
const bridgeGroup = '0180c2000000';

/** A switch with these options, and so many clients on it. */
async function withClients(t, count, ...args) {
  const directory = join(scratch(t), 'sw');
  await startSwitch(t, directory, ...args);
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await Client.open(t, directory);
    await client.join();
    clients.push(client);
  }
  return clients;
}

/** The next frame for bridges that a client hears. */
async function nextBpdu(client) {
  for (;;) {
    const heard = await client.receive();
    if (heard === undefined || heard.toString('hex', 0, 6) === bridgeGroup) return heard;
  }
}

t.test('hub: what is for a station that is known goes to everybody else, too', async (t) => {
  const [a, b, c] = await withClients(t, 3, '-x');
  a.send(frame(everybody, stationA));
  await b.receive();
  await c.receive();
  const answer = frame(stationA, stationB, 77);
  b.send(answer);
  t.same(await a.receive(), answer);
  t.same(await c.receive(), answer);
  t.equal(b.poll(), undefined, 'nobody hears himself');
});

t.test('hub: tags, and frames for bridges, pass as they are', async (t) => {
  const [a, b] = await withClients(t, 2, '--hub');
  const tagged = frame(everybody, stationA, 64);
  Buffer.from('810060059999', 'hex').copy(tagged, 12);
  const bpdu = frame('01:80:c2:00:00:00', stationA, 53);
  for (const sent of [tagged, bpdu]) {
    a.send(sent);
    t.same(await b.receive(), sent);
  }
});

t.test('fstp: the bridge says hello with its priority and address', async (t) => {
  const [a] = await withClients(t, 1, '-F', '--macaddr', '00:ff:0:0:1:2', '--priority', '0x1000');
  const bpdu = await nextBpdu(a);
  t.equal(bpdu?.length, 53);
  t.equal(bpdu?.toString('hex', 6, 12), '00ff00000102', 'its source is the switch');
  t.equal(bpdu?.toString('hex', 12, 21), '0027424203' + '00000202', 'it is a BPDU of version 2');
  t.equal(bpdu?.toString('hex', 22, 30), '100000ff00000102', 'it claims to be the root');
  t.equal(bpdu?.toString('hex', 34, 42), '100000ff00000102');
});

t.test('fstp: the number of --priority is decimal, hexadecimal or octal, of sixteen bits', async (t) => {
  for (const [text, digits] of [
    ['4096', '1000'],
    ['010000', '1000'],
    ['0x19000', '9000'],
    ['-1', 'ffff'],
  ]) {
    const [a] = await withClients(t, 1, '--fstp', '--priority', text);
    t.equal((await nextBpdu(a))?.toString('hex', 22, 24), digits, text);
  }
});

t.test('fstp: without -F, and with -x as well, no bridge says anything', async (t) => {
  for (const args of [[], ['-x', '-F'], ['-F', '-x']]) {
    const [a, b] = await withClients(t, 2, ...args);
    b.send(frame(everybody, stationB));
    t.equal((await a.receive())?.toString('hex', 6, 12), '02000000000b', args.join(' '));
    t.equal(a.poll(), undefined);
  }
});

t.test('an address of the switch that is none is refused', async (t) => {
  for (const text of ['00:ff:00:00:00', '00:ff:00:00:00:zz', 'nonsense']) {
    const { code, output } = await run('-s', join(scratch(t), 'sw'), '--macaddr', text);
    t.equal(code, 1, text);
    t.match(output, `Invalid MAC Addr ${text}`);
  }
});
