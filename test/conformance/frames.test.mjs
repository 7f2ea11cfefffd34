/** Black-box tests of frames: which ones pass, how, and to which clients. */
import t from 'tap';
import { Client, everybody, frame, portWord, sharedSwitch, soon, tagged } from './peer.mjs';

const shared = sharedSwitch(t);
const [stationA, stationB, stationC] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'];
const nowhere = '02:00:00:00:00:99';

/** Returns `count` clients, on ports of their own. */
async function clients(t, count) {
  const directory = await shared();
  const all = [];
  for (let i = 0; i < count; i++) all.push(await Client.joined(t, directory));
  return all;
}

/** Returns whether b hears a frame of a: a broadcast after it shows whether it was dropped. */
async function hears(a, b, sent) {
  a.send(sent);
  const marker = frame(everybody, stationA, 60, 0x01, 0x88b6);
  a.send(marker);
  const first = await b.receive();
  if (first?.equals(marker)) return undefined;
  await b.receiveThat((heard) => heard.equals(marker));
  return first;
}

for (const length of [14, 15, 16, 20, 42, 59, 60, 61, 64, 100, 590, 1499, 1513, 1514, 1515, 1517, 1518]) {
  t.test(`frames-passes[${length}]: a frame of ${length} octets passes unchanged`, async (t) => {
    const [a, b] = await clients(t, 2);
    const sent = frame(everybody, stationA, length);
    for (let at = 14; at < length; at++) sent[at] = (at * 7) & 0xff;
    t.same(await hears(a, b, sent), sent);
  });
}

for (const length of [1, 6, 12, 13]) {
  t.test(`frames-too-short[${length}]: a frame of ${length} octets is dropped`, async (t) => {
    const [a, b] = await clients(t, 2);
    t.equal(await hears(a, b, Buffer.alloc(length, 0xff)), undefined);
  });
}

for (const length of [1519, 4000, 9000, 9234]) {
  t.test(`frames-long[${length}]: a frame of ${length} octets is not truncated`, async (t) => {
    const [a, b] = await clients(t, 2);
    const sent = frame(everybody, stationA, length);
    t.same(await hears(a, b, sent), sent);
  });
}

t.test('frames-too-long: a frame above all limits is dropped', async (t) => {
  const [a, b] = await clients(t, 2);
  t.equal(await hears(a, b, frame(everybody, stationA, 9300)), undefined);
});

for (const [key, name, etherType] of [
  ['ipv4', 'IPv4', 0x0800],
  ['arp', 'ARP', 0x0806],
  ['ipv6', 'IPv6', 0x86dd],
  ['lldp', 'LLDP', 0x88cc],
  ['provider-tag', "a provider's tag", 0x88a8],
  ['length', 'a length', 46],
  ['0', 'type 0', 0],
  ['ffff', 'type ffff', 0xffff],
]) {
  t.test(`frames-type[${key}]: ${name} passes`, async (t) => {
    const [a, b] = await clients(t, 2);
    const sent = frame(everybody, stationA, 77, 0x42, etherType);
    t.same(await hears(a, b, sent), sent);
  });
}

for (const [key, name, destination] of [
  ['broadcast', 'all stations', everybody],
  ['ipv4-group', 'an IPv4 group', '01:00:5e:00:00:fb'],
  ['ipv6-group', 'an IPv6 group', '33:33:00:00:00:01'],
  ['unknown', 'an unknown station', nowhere],
  ['bridges', 'the bridge group', '01:80:c2:00:00:00'],
  ['pause', 'PAUSE', '01:80:c2:00:00:01'],
  ['lacp', 'LACP', '01:80:c2:00:00:02'],
  ['lldp', 'LLDP', '01:80:c2:00:00:0e'],
  ['last-reserved', 'the last reserved group', '01:80:c2:00:00:0f'],
  ['zeros', 'the address of zeros', '00:00:00:00:00:00'],
]) {
  t.test(`frames-flooded[${key}]: a frame to ${name} goes to all other ports`, async (t) => {
    const [a, b, c] = await clients(t, 3);
    const sent = frame(destination, stationA, 71);
    a.send(sent);
    t.same(await b.receive(), sent);
    t.same(await c.receive(), sent);
    t.equal(a.poll(), undefined, 'nobody hears himself');
  });
}

t.test('frames-known: a frame to a known station goes to its port only', async (t) => {
  const [a, b, c] = await clients(t, 3);
  a.send(frame(everybody, stationA));
  await b.receive();
  await c.receive();
  const answer = frame(stationA, stationB, 1514);
  b.send(answer);
  t.same(await a.receive(), answer);
  b.send(frame(everybody, stationB, 61));
  t.equal((await c.receive())?.length, 61, 'the third did not hear the answer');
});

t.test('frames-answer: a station that answers is known, too', async (t) => {
  const [a, b, c] = await clients(t, 3);
  a.send(frame(nowhere, stationA));
  await b.receive();
  await c.receive();
  b.send(frame(stationA, stationB, 61));
  await a.receive();
  a.send(frame(stationB, stationA, 62));
  t.equal((await b.receive())?.length, 62);
  a.send(frame(everybody, stationA, 63));
  t.equal((await c.receive())?.length, 63);
});

t.test('frames-same-port: a frame to a station of the same port is dropped', async (t) => {
  const [a, b] = await clients(t, 2);
  a.send(frame(everybody, stationA));
  a.send(frame(everybody, stationC, 61));
  await b.receive();
  await b.receive();
  t.equal(await hears(a, b, frame(stationC, stationA, 62)), undefined);
  t.equal(a.poll(), undefined, 'nor back');
});

t.test('frames-many-stations: many stations may be behind one port', async (t) => {
  const [a, b, c] = await clients(t, 3);
  for (let i = 1; i <= 50; i++) {
    a.send(frame(everybody, `02:00:00:00:01:${i.toString(16).padStart(2, '0')}`));
    await b.receive();
    await c.receive();
  }
  for (const last of ['01', '19', '32']) {
    b.send(frame(`02:00:00:00:01:${last}`, stationB, 65));
    t.equal((await a.receive())?.length, 65);
  }
  b.send(frame(everybody, stationB, 66));
  t.equal((await c.receive())?.length, 66, 'the third heard none of them');
});

for (const [key, name, source] of [
  ['group', 'a group address', '03:00:00:00:00:01'],
  ['broadcast', 'the broadcast address', everybody],
]) {
  t.test(`frames-group-source[${key}]: ${name} as source passes, and is not learned`, async (t) => {
    const [a, b, c] = await clients(t, 3);
    const sent = frame(everybody, source, 67);
    a.send(sent);
    t.same(await b.receive(), sent);
    t.same(await c.receive(), sent);
    b.send(frame(source, stationB, 68));
    t.equal((await c.receive())?.length, 68, 'what is for it goes to everybody');
    t.equal((await a.receive())?.length, 68);
  });
}

t.test('frames-burst: a burst of 200 arrives complete and in order', async (t) => {
  const [a, b] = await clients(t, 2);
  b.send(frame(everybody, stationB));
  await a.receive();
  for (let i = 0; i < 200; i++) {
    const numbered = frame(stationB, stationA, 100);
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

t.test('frames-two-senders: two senders to one reader lose nothing', async (t) => {
  const [a, b, c] = await clients(t, 3);
  for (let i = 0; i < 50; i++)
    for (const [sender, source] of [
      [a, stationA],
      [b, stationB],
    ])
      sender.send(frame(everybody, source, 60 + i));
  const lengths = { [stationA]: 0, [stationB]: 0 };
  for (let i = 0; i < 100; i++) {
    const heard = await c.receive();
    const source = heard?.toString('hex', 6, 12) === '02000000000a' ? stationA : stationB;
    t.equal(heard?.length, 60 + lengths[source]++);
  }
});

/** Sends so many frames that the sender's socket takes them all. */
async function flood(sender, count, make) {
  for (let i = 0; i < count; i++) {
    const octets = make(i);
    while (sender.send(octets) < 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test('frames-stalled: a reader that stalls does not delay the others', async (t) => {
  const [a, stalled, c] = await clients(t, 3);
  for (let batch = 0; batch < 20; batch++) {
    await flood(a, 50, () => frame(everybody, stationA, 1000));
    for (let i = 0; i < 50; i++) t.equal((await c.receive())?.length, 1000);
  }
  t.equal(stalled.poll()?.length, 1000, 'it finds the first ones when it comes back');
});

t.test('frames-waits: frames wait for a reader that pauses', async (t) => {
  const [a, stalled] = await clients(t, 2);
  await flood(a, 1500, (i) => frame(everybody, stationA, 60 + (i % 100)));
  let count = 0;
  for (; count < 1500; count++) if ((await stalled.receive(soon))?.length !== 60 + (count % 100)) break;
  t.equal(count, 1500);
});

t.test('frames-priority-tag: a tag of VLAN 0 is ignored, and a frame of a foreign VLAN is dropped', async (t) => {
  const [a, b] = await clients(t, 2);
  const inner = frame(everybody, stationA, 70);
  t.same(await hears(a, b, tagged(inner, 0)), inner, 'it loses its tag');
  t.equal(await hears(a, b, tagged(inner, 7)), undefined);
});

t.test('frames-two-clients: two clients of a port are one to the others', async (t) => {
  const directory = await shared();
  const [a, b] = [await Client.joined(t, directory, portWord(3)), await Client.joined(t, directory, portWord(3))];
  const [c, d] = await clients(t, 2);
  b.send(frame(everybody, stationB));
  await c.receive();
  await d.receive();
  c.send(frame(stationB, stationC, 69));
  t.equal((await a.receive())?.length, 69);
  t.equal((await b.receive())?.length, 69);
  c.send(frame(everybody, stationC, 70));
  t.equal((await d.receive())?.length, 70);
});
