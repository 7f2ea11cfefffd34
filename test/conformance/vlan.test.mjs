/**
 * Black-box tests of VLANs: who hears which frame, and with which tag.
 */
import t from 'tap';
import { Bench, inShort } from './bench.mjs';
import { Client, everybody, frame, portWord, tagged } from './peer.mjs';

const station = (name) => `02:00:00:00:00:${name.charCodeAt(0).toString(16)}`;

/** A and B are in VLAN 10, C in none but 0, D in 20; T has 10 and 20 with tags, U too, and V only tags: 10 and 30. */
const ports = {
  A: { port: 1, vid: 10 },
  B: { port: 2, vid: 10 },
  C: { port: 3, vid: 0 },
  D: { port: 4, vid: 20 },
  T: { port: 5, vid: 0, tags: [10, 20] },
  U: { port: 6, vid: 20, tags: [10] },
  V: { port: 7, vid: 'none', tags: [10, 30] },
};

let shared;
/** Returns the one that all tests share; a new one when it ended. */
async function bench() {
  if (shared === undefined || shared.switch.over) shared = await Bench.open(t, ports);
  await shared.heard();
  return shared;
}

const plain = (name, length = 60) => frame(everybody, station(name), length);

for (const [key, name, from, sent, expected] of [
  [
    'access',
    'untagged, from an access port',
    'A',
    plain('A'),
    { B: 'untagged 60', T: 'vid 10 pcp 0 64', U: 'vid 10 pcp 0 64', V: 'vid 10 pcp 0 64' },
  ],
  ['vlan-0', 'untagged, from a port of VLAN 0', 'C', plain('C'), { T: 'untagged 60' }],
  ['trunk', 'untagged, from a trunk, is in its untagged VLAN', 'T', plain('T'), { C: 'untagged 60' }],
  ['other-trunk', 'untagged, from another trunk', 'U', plain('U'), { D: 'untagged 60', T: 'vid 20 pcp 0 64' }],
  ['no-untagged', 'without a tag, from a port without an untagged VLAN', 'V', plain('V'), {}],
  [
    'tagged-10',
    'tagged 10, from a trunk',
    'T',
    tagged(plain('T'), 10),
    { A: 'untagged 60', B: 'untagged 60', U: 'vid 10 pcp 0 64', V: 'vid 10 pcp 0 64' },
  ],
  ['tagged-20', 'tagged 20, from a trunk', 'T', tagged(plain('T'), 20), { D: 'untagged 60', U: 'untagged 60' }],
  [
    'tagged-no-untagged',
    'tagged 10, from a port without an untagged VLAN',
    'V',
    tagged(plain('V'), 10),
    { A: 'untagged 60', B: 'untagged 60', T: 'vid 10 pcp 0 64', U: 'vid 10 pcp 0 64' },
  ],
  ['tagged-alone', 'tagged 30, a VLAN without other members', 'V', tagged(plain('V'), 30), {}],
  ['tagged-not-member', 'tagged 30, from a trunk that is not in it', 'T', tagged(plain('T'), 30), {}],
  ['access-foreign', 'tagged 20, from an access port of 10', 'A', tagged(plain('A'), 20), {}],
  [
    'access-own',
    'tagged with the VLAN of the access port',
    'A',
    tagged(plain('A'), 10),
    { B: 'untagged 60', T: 'vid 10 pcp 0 64', U: 'vid 10 pcp 0 64', V: 'vid 10 pcp 0 64' },
  ],
  ['access-0', 'tagged 0, from an access port of 10', 'A', tagged(plain('A'), 0), {}],
  ['vlan-0-tagged-0', 'tagged 0, from a port of VLAN 0', 'C', tagged(plain('C'), 0), { T: 'untagged 60' }],
  ['trunk-tagged-0', 'tagged 0, from a trunk that is in 0', 'T', tagged(plain('T'), 0), { C: 'untagged 60' }],
  ['tagged-4095', 'tagged 4095, from a trunk', 'T', tagged(plain('T'), 4095), {}],
  ['tagged-4095-no-untagged', 'tagged 4095, from a port without an untagged VLAN', 'V', tagged(plain('V'), 4095), {}],
  ['tagged-4094', 'tagged 4094, a VLAN that does not exist', 'T', tagged(plain('T'), 4094), {}],
  [
    'provider-tag',
    "with a provider's tag, from an access port",
    'A',
    tagged(plain('A'), 20, 0, 0x88a8),
    { B: 'untagged 64', T: 'vid 10 pcp 0 68', U: 'vid 10 pcp 0 68', V: 'vid 10 pcp 0 68' },
  ],
  [
    '14',
    'of 14 octets, untagged',
    'A',
    plain('A', 14),
    { B: 'untagged 14', T: 'vid 10 pcp 0 18', U: 'vid 10 pcp 0 18', V: 'vid 10 pcp 0 18' },
  ],
  [
    '1518',
    'of 1518 octets, to which a tag is added',
    'A',
    plain('A', 1518),
    { B: 'untagged 1518', T: 'vid 10 pcp 0 1522', U: 'vid 10 pcp 0 1522', V: 'vid 10 pcp 0 1522' },
  ],
  ['60-tagged', 'of 60 octets with its tag, which is removed', 'T', tagged(plain('T', 56), 20), { D: 'untagged 56', U: 'untagged 56' }],
  ['1518-tagged', 'of 1518 octets with its tag', 'T', tagged(plain('T', 1514), 20), { D: 'untagged 1514', U: 'untagged 1514' }],
]) {
  t.test(`vlan-frame[${key}]: a frame ${name}`, async (t) => {
    const at = await bench();
    t.same(inShort(await at.send(from, sent)), expected);
  });
}

for (const priority of [1, 5, 7]) {
  t.test(`vlan-priority[${priority}]: priority ${priority} is kept from tag to tag`, async (t) => {
    const at = await bench();
    const { U } = await at.send('T', tagged(plain('T'), 10, priority));
    t.same(U, [tagged(plain('T'), 10, priority)]);
  });
}

t.test('vlan-drop-eligible: the drop-eligible bit is kept from tag to tag', async (t) => {
  const at = await bench();
  const sent = tagged(plain('T'), 0x100a, 3);
  t.same((await at.send('T', sent)).U, [sent]);
});

t.test('vlan-payload: the rest of a frame is the same with and without a tag', async (t) => {
  const at = await bench();
  const sent = frame(everybody, station('A'), 200);
  for (let i = 14; i < 200; i++) sent[i] = (i * 5) & 0xff;
  const heard = await at.send('A', sent);
  t.same(heard.B, [sent]);
  t.same(heard.T, [tagged(sent, 10)]);
  t.same((await at.send('T', tagged(sent, 10))).B, [sent]);
});

t.test('vlan-known: a known station gets frames alone, untagged if its port is untagged', async (t) => {
  const at = await bench();
  await at.send('A', plain('A'));
  t.same(inShort(await at.send('T', tagged(frame(station('A'), station('T'), 70), 10))), { A: 'untagged 70' });
  t.same(inShort(await at.send('B', frame(station('A'), station('B'), 71))), { A: 'untagged 71' });
});

t.test('vlan-known-trunk: a station behind a trunk gets frames with a tag', async (t) => {
  const at = await bench();
  await at.send('T', tagged(plain('T'), 10));
  t.same(inShort(await at.send('A', frame(station('T'), station('A'), 70))), { T: 'vid 10 pcp 0 74' });
  t.same(inShort(await at.send('U', tagged(frame(station('T'), station('U'), 70), 10, 6))), { T: 'vid 10 pcp 6 74' });
});

t.test('vlan-known-vlan: a station is known in the VLAN in which it sent, and in no other', async (t) => {
  const at = await bench();
  await at.send('T', tagged(frame(everybody, '02:00:00:00:01:01'), 10));
  t.same(inShort(await at.send('D', frame('02:00:00:00:01:01', station('D'), 70))), { T: 'vid 20 pcp 0 74', U: 'untagged 70' });
});

t.test('vlan-two-ports: one station may be behind two ports, in two VLANs', async (t) => {
  const at = await bench();
  const both = '02:00:00:00:01:02';
  await at.send('A', frame(everybody, both));
  await at.send('D', frame(everybody, both));
  t.same(inShort(await at.send('T', tagged(frame(both, station('T'), 70), 10))), { A: 'untagged 70' });
  t.same(inShort(await at.send('T', tagged(frame(both, station('T'), 70), 20))), { D: 'untagged 70' });
});

t.test('vlan-dropped: a frame dropped at ingress is not learned from', async (t) => {
  const at = await bench();
  const stranger = '02:00:00:00:01:03';
  await at.send('A', tagged(frame(everybody, stranger), 20));
  t.same(inShort(await at.send('D', frame(stranger, station('D'), 70))), { T: 'vid 20 pcp 0 74', U: 'untagged 70' });
});

t.test('vlan-two-tags: a frame with two tags is not taken for one of the VLAN of the second tag', async (t) => {
  const at = await bench();
  const sent = tagged(tagged(plain('T'), 20), 10);
  const heard = await at.send('T', sent);
  t.same(heard.V, [sent], 'it leaves with both');
  t.same(heard.A, [], 'or not at all');
});

t.test('vlan-bridges: without a spanning tree the bridge group is a group like any other', async (t) => {
  const at = await bench();
  t.same(inShort(await at.send('A', frame('01:80:c2:00:00:00', station('A'), 60))), {
    B: 'untagged 60',
    T: 'vid 10 pcp 0 64',
    U: 'vid 10 pcp 0 64',
    V: 'vid 10 pcp 0 64',
  });
});

t.test('vlan-port-keeps: a port keeps its VLANs for the next client', async (t) => {
  const at = await Bench.open(t, { A: ports.A, B: ports.B, C: ports.C });
  await at.clients.A.leave();
  at.clients.A = await Client.joined(t, at.directory, portWord(1));
  at.clients.A.vid = 10;
  t.same(inShort(await at.send('A', plain('A'))), { B: 'untagged 60' });
});

t.test('vlan-two-clients: both clients of a port are in its VLANs', async (t) => {
  const at = await Bench.open(t, { A: ports.A, C: ports.C, A2: ports.A, B: ports.B });
  t.same(inShort(await at.send('A2', plain('A'))), { B: 'untagged 60' });
  t.same(inShort(await at.send('B', plain('B'))), { A: 'untagged 60', A2: 'untagged 60' });
});

t.test('vlan-default: a port that was not configured is in VLAN 0', async (t) => {
  const at = await Bench.open(t, { A: ports.A, C: ports.C });
  const fresh = await Client.joined(t, at.directory, portWord(9));
  fresh.send(plain('F'));
  t.same((await at.clients.C.receive())?.toString('hex', 6, 12), '020000000046');
  t.same(inShort(await at.send('A', plain('A'))), {});
});

t.test('vlan-changes: memberships change while clients stay', async (t) => {
  const at = await Bench.open(t, { A: ports.A, B: ports.B, C: ports.C });
  t.same(inShort(await at.send('A', plain('A'))), { B: 'untagged 60' });
  await at.switch.command('port/setvlan 3 10');
  at.clients.C.vid = 10;
  t.same(inShort(await at.send('A', plain('A'))), { B: 'untagged 60', C: 'untagged 60' });
  await at.switch.command('vlan/addport 10 9');
  await at.switch.command('port/setvlan 2 0');
  at.clients.B.vid = 0;
  t.same(inShort(await at.send('A', plain('A'))), { C: 'untagged 60' });
});

t.test('vlan-forgotten: stations of a port are forgotten when it leaves the VLAN', async (t) => {
  const at = await Bench.open(t, { A: ports.A, B: ports.B, C: { port: 3, vid: 10 } });
  await at.send('A', plain('A'));
  t.same(inShort(await at.send('B', frame(station('A'), station('B'), 70))), { A: 'untagged 70' });
  await at.switch.command('port/setvlan 1 0');
  at.clients.A.vid = 0;
  t.same(inShort(await at.send('B', frame(station('A'), station('B'), 70))), { C: 'untagged 70' });
});
