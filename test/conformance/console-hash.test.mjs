/**
 * Black-box tests of the console's menu of stations that are known.
 */
import t from 'tap';
import { checkEmptyBlocks, checkStatuses, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, portWord, tagged, until } from './peer.mjs';

const { invalid, noDevice, success } = status;
const [stationA, stationB, stationC] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'];

/** The checks here do not change this: station A is at port 3, in VLAN 0. */
const shared = await startConsole(t);
const fresh = reusedConsole(t);
const resident = await Client.joined(t, shared.directory, portWord(3));
const line = (mac, { bucket, vlan = 0, port, age = 0 }) => {
  const place = `VLAN ${String(vlan).padStart(4, '0')} to port: ${String(port).padStart(3, '0')}`;
  return `Hash: ${String(bucket).padStart(4, '0')} Addr: ${mac} ${place}  age ${age} secs`;
};

/** Waits until this many stations are known, and returns their lines without their ages. */
async function known(console, count) {
  for (;;) {
    const lines = await console.data('hash/print');
    if (lines.length >= count) return lines.map((line) => line.replace(/age \d+ secs$/, 'age 0 secs'));
  }
}

resident.send(frame(everybody, stationA));
await known(shared.console, 1);

checkStatuses(t, 'hash', shared, [
  ['hash/setsize', invalid],
  ['hash/setsize 0', invalid],
  ['hash/setsize -1', invalid],
  ['hash/setsize x', invalid],
  ['hash/setsize 0x10', invalid],
]);

checkEmptyBlocks(t, 'hash', shared, [
  ['hash/find', invalid],
  ['hash/find x', invalid],
  ['hash/find 02:00:00:00:00', invalid],
  ['hash/find 02-00-00-00-00-0a', invalid],
  ['hash/find 02:00:00.00:00:0a', invalid],
  ['hash/find 02:00:00:00:00:', invalid],
  ['hash/find 02:00:00:00:00:zz', invalid],
  ['hash/find 020000000000a', invalid],
  ['hash/find 02:00:00:00:00:0b', noDevice],
  ['hash/find 02.00.00.00.00.0b', noDevice],
  ['hash/find 02:00:00:00:00:0a 1', noDevice],
  ['hash/find 02:00:00:00:00:0a 5000', noDevice],
]);

for (const asked of [
  'hash/find 02:00:00:00:00:0a',
  'hash/find 02.00.00.00.00.0a',
  'hash/find 2:0:0:0:0:a',
  'hash/find 02:00:00:00:00:0A',
  'hash/find   02:00:00:00:00:0a',
  'hash/find 02:00:00:00:00:0a 0',
  'hash/find 02:00:00:00:00:0a x',
  'hash/find 02:00:00:00:00:0a:99',
]) {
  t.test(`hash-find[${asked}]: finds the station, at a port that is one too high`, async (t) => {
    const console = await shared.session(t);
    const [found] = await console.data(asked);
    t.match(found, /^Hash: 0009 Addr: 02:00:00:00:00:0a VLAN 0000 to port: 004 {2}age \d+ secs$/);
  });
}

t.test('hash-print: hash/print shows bucket, address, VLAN, port and age', async (t) => {
  const console = await shared.session(t);
  const [found, more] = await console.data('hash/print');
  t.match(found, /^Hash: 0009 Addr: 02:00:00:00:00:0a VLAN 0000 to port: 003 {2}age \d+ secs$/);
  t.equal(more, undefined);
});

t.test('hash-print-argument: hash/print takes no argument', async (t) => {
  const console = await shared.session(t);
  t.equal((await console.data('hash/print 7')).length, 1);
});

t.test('hash-showinfo: hash/showinfo shows size and times of the table', async (t) => {
  const { console } = await fresh(t);
  t.same(await console.data('hash/showinfo'), ['Hash size 128', 'GC interval 2 secs', 'GC expire 100 secs', 'Min persistence 3 secs']);
});

for (const [option, size] of [
  ['64', 64],
  ['100', 128],
  ['1', 1],
]) {
  t.test(`hash-option[${option}]: --hashsize ${option} makes a table of ${size}`, async (t) => {
    const { console } = await startConsole(t, '--hashsize', option);
    t.equal((await console.data('hash/showinfo'))[0], `Hash size ${size}`);
  });
}

t.test('hash-option-0: --hashsize 0 makes a table of the usual size', async (t) => {
  const { console } = await startConsole(t, '--hashsize', '0');
  t.equal((await console.data('hash/showinfo'))[0], 'Hash size 128');
});

t.test('hash-setsize: hash/setsize rounds up to the next power of two', async (t) => {
  const { console } = await fresh(t);
  for (const [asked, size] of [
    ['100', 128],
    ['1', 1],
    ['2', 2],
    ['3', 4],
    ['64x', 64],
    ['65', 128],
    ['256', 256],
    ['4096', 4096],
  ]) {
    t.equal((await console.ask(`hash/setsize ${asked}`)).text, `${success}\n`);
    t.equal((await console.data('hash/showinfo'))[0], `Hash size ${size}`, asked);
  }
});

t.test('hash-too-large: a table too large for memory is refused', async (t) => {
  const { console } = await fresh(t);
  t.equal(await console.status('hash/setsize 99999999'), invalid);
  t.equal((await console.data('hash/showinfo'))[0], 'Hash size 128');
});

for (const [command, row, name] of [
  ['hash/setgcint', 1, 'GC interval'],
  ['hash/setexpire', 2, 'GC expire'],
  ['hash/setminper', 3, 'Min persistence'],
]) {
  t.test(`hash-times[${command}]: ${command} takes any number`, async (t) => {
    const { console } = await fresh(t);
    for (const [asked, seconds] of [
      ['7', 7],
      ['0', 0],
      ['9x', 9],
      ['', 0],
      ['-5', -5],
      ['2147483647', 2147483647],
      ['0x10', 0],
      ['x', 0],
      ['  12', 12],
    ]) {
      t.equal((await console.ask(`${command} ${asked}`)).text, `${success}\n`);
      t.equal((await console.data('hash/showinfo'))[row], `${name} ${seconds} secs`, asked);
    }
  });
}

/** Returns a switch with clients at ports 1, 2 and so on. */
async function withClients(t, count) {
  const one = await fresh(t);
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await Client.joined(t, one.directory));
  return [one.console, ...clients];
}

t.test('hash-buckets: stations are listed by bucket', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  for (const [client, mac] of [
    [b, stationC],
    [a, stationA],
    [b, stationB],
    [a, '52:54:00:12:34:56'],
    [b, '00:ff:aa:bb:cc:dd'],
    [a, 'fe:ff:ff:ff:ff:ff'],
  ])
    client.send(frame(everybody, mac));
  t.same(await known(console, 6), [
    line('fe:ff:ff:ff:ff:ff', { bucket: 1, port: 1 }),
    line(stationA, { bucket: 9, port: 1 }),
    line(stationB, { bucket: 26, port: 2 }),
    line(stationC, { bucket: 31, port: 2 }),
    line('00:ff:aa:bb:cc:dd', { bucket: 34, port: 2 }),
    line('52:54:00:12:34:56', { bucket: 75, port: 1 }),
  ]);
});

t.test('hash-other-size: another size gives other buckets', async (t) => {
  const [console, a] = await withClients(t, 1);
  await console.give('hash/setsize 4096');
  for (const mac of [stationA, stationC]) a.send(frame(everybody, mac));
  t.same(await known(console, 2), [line(stationC, { bucket: 927, port: 1 }), line(stationA, { bucket: 1673, port: 1 })]);
});

t.test('hash-one-bucket: within a bucket the newest station is first', async (t) => {
  const [console, a] = await withClients(t, 1);
  await console.give('hash/setsize 1');
  for (const [i, mac] of [stationA, stationC, stationB].entries()) {
    a.send(frame(everybody, mac));
    await known(console, i + 1);
    const now = Date.now();
    while (Date.now() < now + 5) await console.status('port/showinfo');
  }
  t.same(
    await known(console, 3),
    [stationB, stationC, stationA].map((mac) => line(mac, { bucket: 0, port: 1 })),
  );
});

t.test('hash-two-vlans: a station in two VLANs has two entries', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('vlan/create 300', 'vlan/addport 300 2');
  a.send(frame(everybody, stationA));
  b.send(tagged(frame(everybody, stationA), 300));
  t.same(await known(console, 2), [line(stationA, { bucket: 9, port: 1 }), line(stationA, { bucket: 89, vlan: 300, port: 2 })]);
  t.match((await console.data(`hash/find ${stationA} 300`))[0], 'VLAN 0300 to port: 003');
});

t.test('hash-group: a group address is not learned', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(frame(everybody, '03:00:00:00:00:01'));
  a.send(frame(everybody, everybody));
  for (let i = 0; i < 2; i++) await b.receive();
  t.same(await console.data('hash/print'), []);
});

t.test('hash-setsize-forgets: a new size forgets all stations', async (t) => {
  const [console, a] = await withClients(t, 1);
  a.send(frame(everybody, stationA));
  await known(console, 1);
  await console.give('hash/setsize 128');
  t.same(await console.data('hash/print'), []);
});

for (const [key, what, ...lines] of [
  ['setvlan', 'its port moves to another VLAN', 'vlan/create 10', 'port/setvlan 1 10'],
  ['no-vlan', 'its port has no untagged VLAN any more', 'port/setvlan 1 4095'],
]) {
  t.test(`hash-forgotten[${key}]: a station is forgotten when ${what}`, async (t) => {
    const [console, a, b] = await withClients(t, 2);
    a.send(frame(everybody, stationA));
    await b.receive();
    await known(console, 1);
    await console.give(...lines);
    t.same(await console.data('hash/print'), []);
  });
}

t.test('hash-port-leaves: a station is forgotten when its port leaves its VLAN, and the others are kept', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('vlan/create 10', 'vlan/addport 10 1', 'vlan/addport 10 2');
  a.send(tagged(frame(everybody, stationA), 10));
  b.send(tagged(frame(everybody, stationB), 10));
  await known(console, 2);
  await console.give('vlan/delport 10 1');
  const left = await console.data('hash/print');
  t.equal(left.length, 1);
  t.match(left[0], `Addr: ${stationB}`);
});

t.test('hash-other-vlan: a change of one VLAN of a port keeps its stations in the others', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('vlan/create 10', 'vlan/addport 10 1');
  a.send(frame(everybody, stationA));
  await b.receive();
  await known(console, 1);
  await console.give('vlan/delport 10 1');
  t.equal((await console.data('hash/print')).length, 1);
});

t.test('hash-client-leaves: a client that leaves takes its stations along, and no others', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(frame(everybody, stationA));
  b.send(frame(everybody, stationB));
  await known(console, 2);
  await console.give('debug/add port/-');
  a.close();
  await console.event();
  const left = await console.data('hash/print');
  t.equal(left.length, 1);
  t.match(left[0], `Addr: ${stationB}`);
});

t.test('hash-too-soon: a station that turns up at another port too soon stays at the first', async (t) => {
  const [console, a, b, c] = await withClients(t, 3);
  a.send(frame(everybody, stationA));
  await c.receive();
  b.send(frame(everybody, stationA));
  await c.receive();
  t.match((await console.data(`hash/find ${stationA}`))[0], 'to port: 002');
});

t.test('hash-no-persistence: without a minimum persistence a station moves after a second', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('hash/setminper 0');
  a.send(frame(everybody, stationA));
  await known(console, 1);
  const hasMoved = async () => {
    b.send(frame(everybody, stationA));
    return /to port: 003/.test((await console.data(`hash/find ${stationA}`))[0]);
  };
  const start = Date.now();
  await until(hasMoved, undefined, () => 'it never moved');
  // With the usual time it would be after three.
  t.ok(Date.now() - start < 2_900, `it moved after ${Date.now() - start} ms`);
});
