/**
 * Black-box tests of what the console tells of clients: who is at a port, and what went through it.
 */
import { existsSync } from 'node:fs';
import t from 'tap';
import { portPrint, reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, needsRoot, portOf, portWord, tagged, until } from './peer.mjs';

const { success, noAddress, inUse } = status;
const fresh = reusedConsole(t);
const needsTun = existsSync('/dev/net/tun') ? false : '/dev/net/tun is not there';
const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];

/** Returns a switch, its console, and so many clients, which come one after the other. */
async function withClients(t, count) {
  const one = await fresh(t);
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await Client.joined(t, one.directory));
  return [one.console, ...clients, one];
}

const counter = (pkts, bytes) => `pkts ${String(pkts).padStart(10)}          bytes ${String(bytes).padStart(20)}`;
const idsOf = (endpoints) => endpoints.map((line) => Number(/endpoint ID (\d+) /.exec(line)?.[1]));

t.test('clients-print: port/print shows five lines for a port in use', async (t) => {
  const one = await fresh(t);
  await Client.joined(t, one.directory, portWord(7));
  const { head, users, in: counted, out, endpoints } = await portPrint(one.console, 7);
  t.equal(head, 'Port 0007 untagged_vlan=0000 ACTIVE - Unnamed Allocatable');
  t.match(users, /^ Current User: \S+ Access Control: \(User: NONE - Group: NONE\)$/);
  t.equal(counted, ` IN:  ${counter(0, 0)}`);
  t.equal(out, ` OUT: ${counter(0, 0)}`);
  t.equal(endpoints.length, 1);
  t.match(endpoints[0], /^ {2}-- endpoint ID \d{4,} module unix prog {3}: conformance$/);
  t.same(await one.console.data('port/print'), await one.console.data('port/print 7'), 'alone or among all');
  t.same(await one.console.data('port/allprint'), await one.console.data('port/print 7'));
});

t.test('clients-print-idle: port/print leaves out ports without clients', async (t) => {
  const [console, , b] = await withClients(t, 2);
  await console.give('port/create 5', 'debug/add port/-');
  b.close();
  t.equal(await console.event(), '3022 port/- 02');
  t.same(
    (await console.data('port/print')).filter((line) => line.startsWith('Port')),
    ['Port 0001 untagged_vlan=0000 ACTIVE - Unnamed Allocatable'],
  );
  t.same(
    (await console.data('port/allprint')).filter((line) => line.startsWith('Port')),
    [
      'Port 0001 untagged_vlan=0000 ACTIVE - Unnamed Allocatable',
      'Port 0002 untagged_vlan=0000 INACTIVE - Unnamed Allocatable',
      'Port 0005 untagged_vlan=0000 INACTIVE - NOT Unnamed Allocatable',
    ],
  );
  t.equal(await console.status('port/print 2'), noAddress);
});

t.test("clients-description: a client's description is shown as it is", async (t) => {
  const one = await fresh(t);
  const text = 'vde_plug: user=root PID=4711 -- endpoint ID 0001 (x) "y" \'z\'';
  const client = await Client.open(t, one.directory);
  await client.join(0, { description: text });
  t.match((await portPrint(one.console, 1)).endpoints[0], `: ${text}`);
});

t.test('clients-no-description: a client without a description', async (t) => {
  const one = await fresh(t);
  const client = await Client.open(t, one.directory);
  await client.join(0, { description: '' });
  t.match((await portPrint(one.console, 1)).endpoints[0], /^ {2}-- endpoint ID \d+ module unix prog {3}: $/);
});

t.test('clients-feigned-lines: a description cannot imitate lines of the console', async (t) => {
  const one = await fresh(t);
  const client = await Client.open(t, one.directory);
  await client.join(0, { description: 'nice\n.\n1000 Success\n\nvde$ \x1b[31m' });
  const { data, status: ended } = await one.console.ask('port/print 1');
  t.equal(ended, success);
  t.equal(data?.length, 5);
  t.match(data?.[4], /^ {2}-- endpoint ID \d+ module unix prog {3}: nice[\x20-\x7e]*$/);
  t.equal(await one.console.status('debug/del'), status.noEntry, 'and the next reply is that of the next line');
});

t.test('clients-feigned-events: a description cannot imitate events', async (t) => {
  const one = await fresh(t);
  await one.console.give('debug/add port/descr');
  const client = await Client.open(t, one.directory);
  await client.join(0, { description: 'x"\n3022 port/- 01\n' });
  t.match(await one.console.event(), '3023 port/descr Port 01 FD');
  t.equal(await one.console.status('port/showinfo'), success);
  t.same(one.console.events(), []);
});

t.test('clients-order: of several clients at a port the newest is first, each with an ID of its own', async (t) => {
  const one = await fresh(t);
  for (const description of ['first', 'second', 'third']) {
    const client = await Client.open(t, one.directory);
    await client.join(portWord(5), { description });
  }
  const { endpoints } = await portPrint(one.console, 5);
  t.same(
    endpoints.map((line) => line.split(': ')[1]),
    ['third', 'second', 'first'],
  );
  t.equal(new Set(idsOf(endpoints)).size, 3);
});

t.test('clients-epclose: port/epclose disconnects the client with that ID', async (t) => {
  const one = await fresh(t);
  const [first, second] = [await Client.joined(t, one.directory, portWord(5)), await Client.joined(t, one.directory, portWord(5))];
  const [newest, oldest] = idsOf((await portPrint(one.console, 5)).endpoints);
  t.equal(await one.console.status(`port/epclose 5 ${newest + oldest}`), noAddress);
  t.equal((await one.console.ask(`port/epclose 5 ${oldest}`)).text, `${success}\n`);
  await until(() => first.closed, one.directory);
  t.same(idsOf((await portPrint(one.console, 5)).endpoints), [newest]);
  t.notOk(existsSync(first.port), 'its socket is gone');
  t.notOk(second.closed);
  t.equal(await one.console.status(`port/epclose 5 ${oldest}`), noAddress, 'it cannot be ended twice');
  await one.console.give(`port/epclose 0x5 0x${newest.toString(16)}`);
  await until(() => second.closed, one.directory);
  t.equal(await one.console.status('port/print 5'), noAddress);
});

t.test('clients-busy-port: a port in use cannot be removed, or left above the number of ports', async (t) => {
  const [console, a] = await withClients(t, 1);
  t.equal(await console.status('port/remove 1'), inUse);
  t.equal(await console.status('port/setnumports 1'), inUse);
  await console.give('port/setnumports 2', 'debug/add port/-');
  a.close();
  await console.event();
  await console.give('port/remove 1', 'port/setnumports 1');
});

t.test('clients-counters: frames and octets are counted, in and out', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(frame(everybody, stationA, 60));
  a.send(frame(everybody, stationA, 1514));
  await b.receive();
  await b.receive();
  b.send(frame(stationA, stationB, 100));
  await a.receive();
  t.same(
    (await console.data('port/print')).filter((line) => / (IN|OUT):/.test(line)),
    [` IN:  ${counter(2, 1574)}`, ` OUT: ${counter(1, 100)}`, ` IN:  ${counter(1, 100)}`, ` OUT: ${counter(2, 1574)}`],
  );
});

t.test('clients-counted-tags: octets are counted as they arrive and leave, including a tag', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  await console.give('vlan/create 10', 'vlan/addport 10 2', 'port/setvlan 1 10');
  a.send(frame(everybody, stationA, 60));
  await b.receive();
  b.send(tagged(frame(stationA, stationB, 60), 10));
  await a.receive();
  t.same(
    (await console.data('port/print')).filter((line) => / (IN|OUT):/.test(line)),
    [` IN:  ${counter(1, 60)}`, ` OUT: ${counter(1, 60)}`, ` IN:  ${counter(1, 64)}`, ` OUT: ${counter(1, 64)}`],
  );
});

t.test('clients-counted-once: a frame sent to a port with two clients is counted once', async (t) => {
  const one = await fresh(t);
  const a = await Client.joined(t, one.directory);
  const [b, c] = [await Client.joined(t, one.directory, portWord(2)), await Client.joined(t, one.directory, portWord(2))];
  a.send(frame(everybody, stationA));
  await b.receive();
  await c.receive();
  t.equal((await portPrint(one.console, 2)).out, ` OUT: ${counter(1, 60)}`);
});

t.test('clients-reset: counters are reset, for one port or for all', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  const send = async () => {
    a.send(frame(everybody, stationA));
    await b.receive();
  };
  await send();
  await console.give('port/resetcounter 1');
  t.equal((await portPrint(console, 1)).in, ` IN:  ${counter(0, 0)}`);
  t.equal((await portPrint(console, 2)).out, ` OUT: ${counter(1, 60)}`);
  await send();
  t.equal((await portPrint(console, 1)).in, ` IN:  ${counter(1, 60)}`);
  t.equal((await portPrint(console, 2)).out, ` OUT: ${counter(2, 120)}`);
  await console.give('port/resetcounter');
  t.equal((await portPrint(console, 1)).in, ` IN:  ${counter(0, 0)}`);
  t.equal((await portPrint(console, 2)).out, ` OUT: ${counter(0, 0)}`);
});

t.test('clients-counters-stay: counters outlive the client', async (t) => {
  const [console, a, b] = await withClients(t, 2);
  a.send(frame(everybody, stationA));
  await b.receive();
  await console.give('debug/add port/-');
  a.close();
  await console.event();
  t.equal((await console.data('port/allprint 1'))[2], ` IN:  ${counter(1, 60)}`);
});

t.test('clients-created: created ports are skipped for clients that ask for any port', async (t) => {
  const one = await fresh(t);
  await one.console.give('port/create 1', 'port/create 2', 'port/allocatable 2 1');
  const ports = [];
  for (let i = 0; i < 2; i++) ports.push(portOf((await Client.joined(t, one.directory)).port));
  t.same(ports, [2, 3]);
  t.equal(portOf((await Client.joined(t, one.directory, portWord(1))).port), 1, 'but not by who names it');
});

t.test('clients-not-allocatable: a port made not allocatable is skipped once it is free', async (t) => {
  const [console, a, one] = await withClients(t, 1);
  await console.give('port/allocatable 1 0', 'debug/add port/-');
  t.equal((await portPrint(console, 1)).head, 'Port 0001 untagged_vlan=0000 ACTIVE - NOT Unnamed Allocatable');
  a.close();
  await console.event();
  t.equal(portOf((await Client.joined(t, one.directory)).port), 2);
});

t.test('clients-vlan-stays: a port keeps its VLAN while it has no client', async (t) => {
  const [console, a, one] = await withClients(t, 1);
  await console.give('vlan/create 10', 'port/setvlan 1 10', 'debug/add port/-');
  a.close();
  await console.event();
  await Client.joined(t, one.directory);
  t.equal((await portPrint(console, 1)).head, 'Port 0001 untagged_vlan=0010 ACTIVE - Unnamed Allocatable');
});

t.test('clients-recreated: a removed port is created anew by the next client', async (t) => {
  const [console, a, one] = await withClients(t, 1);
  await console.give('vlan/create 10', 'port/setvlan 1 10', 'debug/add port/-');
  a.close();
  await console.event();
  await console.give('port/remove 1');
  await Client.joined(t, one.directory);
  t.equal((await portPrint(console, 1)).head, 'Port 0001 untagged_vlan=0000 ACTIVE - Unnamed Allocatable');
});

t.test('clients-numports: a larger or smaller number of ports takes effect at once', async (t) => {
  const one = await fresh(t);
  await one.console.give('port/setnumports 2');
  await Client.joined(t, one.directory);
  await one.console.give('port/setnumports 3');
  t.equal(portOf((await Client.joined(t, one.directory)).port), 2);
});

t.test('clients-management: the management port is port 0', async (t) => {
  const one = await fresh(t);
  await Client.joined(t, one.directory, 1);
  t.equal((await portPrint(one.console, 0)).head, 'Port 0000 untagged_vlan=0000 ACTIVE - Unnamed Allocatable');
});

t.test('clients-hub: the switch becomes a hub and a switch again while frames pass', async (t) => {
  const [console, a, b, c] = await withClients(t, 3);
  for (const client of [a, b]) client.send(frame(everybody, client === a ? stationA : stationB));
  for (const client of [a, b, c, c]) await client.receive();
  await console.give('port/sethub 1');
  a.send(frame(stationB, stationA, 61));
  t.equal((await b.receive())?.length, 61);
  t.equal((await c.receive())?.length, 61, 'a hub repeats all');
  await console.give('port/sethub 0');
  for (const client of [a, b]) client.send(frame(everybody, client === a ? stationA : stationB));
  for (const client of [a, b, c, c]) await client.receive();
  a.send(frame(stationB, stationA, 62));
  t.equal((await b.receive())?.length, 62);
  t.equal(c.poll(), undefined, 'a switch does not');
});

t.test('clients-tap: a TAP interface is at a port without a user', { skip: needsRoot || needsTun }, async (t) => {
  const name = `vc${process.pid}`;
  const one = await startConsole(t, '-t', name);
  const { users, endpoints } = await portPrint(one.console, 1);
  t.equal(users, ' Current User: NONE Access Control: (User: NONE - Group: NONE)');
  t.match(endpoints[0], new RegExp(`^ {2}-- endpoint ID \\d{4,} module tuntap {6}: ${name}$`));
});
