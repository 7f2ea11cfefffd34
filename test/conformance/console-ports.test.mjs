/** Black-box tests of the console's menu of ports, without clients. */
import t from 'tap';
import { checkEmptyBlocks, checkStatuses, reusedConsole, startConsole, status } from './console.mjs';

const { success, noAddress, exists, invalid, full, inUse } = status;

/** Port 3 exists, 31 is the last of 32, 7 does not exist, 32 is invalid. The checks here do not change that. */
const shared = await startConsole(t);
const fresh = reusedConsole(t);
await shared.console.give('port/create 3', 'vlan/create 20');

const inactive = (number, { vlan = '0000', allocatable = false, user = 'NONE', group = 'NONE' } = {}) => [
  `Port ${String(number).padStart(4, '0')} untagged_vlan=${vlan} INACTIVE - ${allocatable ? '' : 'NOT '}Unnamed Allocatable`,
  ` Current User: NONE Access Control: (User: ${user} - Group: ${group})`,
  ' IN:  pkts          0          bytes                    0',
  ' OUT: pkts          0          bytes                    0',
];

/** Returns the numbers of the ports that there are. */
const numbers = async (console) => (await console.data('port/allprint')).flatMap((line) => /^Port (\d+)/.exec(line)?.[1] ?? []).map(Number);

checkStatuses(t, 'console-port', shared, [
  ['port/create 3', exists],
  ['port/create 3x', exists],
  ['port/create 3 4', exists],
  ['port/create 003', exists],
  ['port/create 32', invalid],
  ['port/create 99999', invalid],
  ['port/create -1', invalid],
  ['port/remove', noAddress],
  ['port/remove 0', noAddress],
  ['port/remove x', noAddress],
  ['port/remove 7', noAddress],
  ['port/remove 32', invalid],
  ['port/remove -1', invalid],
  ['port/setvlan', invalid],
  ['port/setvlan 3', invalid],
  ['port/setvlan x 20', invalid],
  ['port/setvlan 3 x', invalid],
  ['port/setvlan 3 77', noAddress],
  ['port/setvlan 3 4093', noAddress],
  ['port/setvlan 3 4094', noAddress],
  ['port/setvlan 3 4096', invalid],
  ['port/setvlan 3 -1', invalid],
  ['port/setvlan 7 20', noAddress],
  ['port/setvlan 31 20', noAddress],
  ['port/setvlan 32 20', invalid],
  ['port/setvlan -1 20', invalid],
  ['port/setvlan 32 77', invalid],
  ['port/allocatable', invalid],
  ['port/allocatable 3', invalid],
  ['port/allocatable 3 x', invalid],
  ['port/allocatable x 1', invalid],
  ['port/allocatable 7 1', noAddress],
  ['port/allocatable 32 1', invalid],
  ['port/allocatable -1 1', invalid],
  ['port/setuser', invalid],
  ['port/setuser 3', invalid],
  ['port/setuser 3 nosuchuser', invalid],
  ['port/setuser 3 none', invalid],
  ['port/setuser 3 any', invalid],
  ['port/setuser 3 -1', invalid],
  ['port/setuser 3 daemon more', invalid],
  ['port/setuser x daemon', invalid],
  ['port/setuser 7 daemon', noAddress],
  ['port/setuser 7 nosuchuser', noAddress],
  ['port/setuser 32 daemon', invalid],
  ['port/setuser -1 daemon', invalid],
  ['port/setgroup', invalid],
  ['port/setgroup 3', invalid],
  ['port/setgroup 3 nosuchgroup', invalid],
  ['port/setgroup 3 -1', invalid],
  ['port/setgroup x daemon', invalid],
  ['port/setgroup 7 daemon', noAddress],
  ['port/setgroup 7 nosuchgroup', noAddress],
  ['port/setgroup 32 daemon', invalid],
  ['port/setgroup -1 daemon', invalid],
  ['port/epclose', invalid],
  ['port/epclose 3', invalid],
  ['port/epclose x 7', invalid],
  ['port/epclose 3 x', invalid],
  ['port/epclose 3 7', noAddress],
  ['port/epclose 7 7', noAddress],
  ['port/epclose 32 7', invalid],
  ['port/epclose -1 7', invalid],
  ['port/resetcounter', success],
  ['port/resetcounter 3', success],
  ['port/resetcounter 7', success],
  ['port/resetcounter x', success],
  ['port/resetcounter 32', invalid],
  ['port/resetcounter -1', invalid],
  ['port/setnumports', invalid],
  ['port/setnumports 0', invalid],
  ['port/setnumports -1', invalid],
  ['port/setnumports x', invalid],
  ['port/setnumports 3', inUse],
]);

checkEmptyBlocks(t, 'console-port', shared, [
  ['port/print', success],
  ['port/print 3', noAddress],
  ['port/print 7', noAddress],
  ['port/print 0', noAddress],
  ['port/print x', noAddress],
  ['port/print 32', invalid],
  ['port/print -1', invalid],
  ['port/allprint 7', noAddress],
  ['port/allprint 0', noAddress],
  ['port/allprint x', noAddress],
  ['port/allprint 32', invalid],
  ['port/allprint -1', invalid],
]);

t.test('console-port-allprint: port/allprint shows a port without clients', async (t) => {
  const console = await shared.session(t);
  for (const line of ['port/allprint', 'port/allprint 3', 'port/allprint 03', 'port/allprint 3 7', 'port/allprint 3x'])
    t.same(await console.data(line), inactive(3), line);
});

t.test('console-port-showinfo: port/showinfo shows the number of ports, whether it is a hub, and counters', async (t) => {
  const { console } = await startConsole(t, '-n', '7', '-x');
  t.same(await console.data('port/showinfo'), ['Numports=7', 'HUB=true', 'counters=true']);
});

t.test('console-port-setnumports: the number of ports can be changed, but not below an existing port', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/setnumports 40', 'port/create 39');
  t.equal(await console.status('port/setnumports 39'), inUse);
  await console.give('port/setnumports 40', 'port/setnumports 41', 'port/setnumports 40x');
  t.equal((await console.data('port/showinfo'))[0], 'Numports=40');
  t.equal(await console.status('port/create 40'), invalid);
  await console.give('port/remove 39', 'port/setnumports 1');
  t.equal(await console.status('port/create 1'), invalid, 'port 0 is the only one');
  t.equal((await console.ask('port/createauto')).text, `0000 DATA END WITH '.'\n.\n${full}\n`);
});

t.test('console-port-too-many: an excessive number of ports is refused', async (t) => {
  const { console } = await fresh(t);
  t.equal(await console.status('port/setnumports 1000000'), invalid);
});

t.test('console-port-created: created ports are for clients that name them', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 31', 'port/create 5x', 'port/create 0x6', 'port/create 7 8');
  t.same(await numbers(console), [1, 5, 7, 31], 'and 0x6 is 0, which is the lowest that is free');
  t.same(await console.data('port/allprint 31'), inactive(31));
});

for (const line of ['port/create', 'port/create 0', 'port/create auto']) {
  t.test(`console-port-create-any[${line}]: creates the lowest free port, and does not report its number`, async (t) => {
    const { console } = await fresh(t);
    await console.give('port/setnumports 3', 'port/create 1', line);
    t.same(await numbers(console), [1, 2]);
    t.equal(await console.status(line), full);
  });
}

t.test('console-port-createauto: port/createauto creates the lowest free port, and reports its number', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/setnumports 4', 'port/create 2');
  t.same(await console.data('port/createauto'), ['Port 0001']);
  t.same(await console.data('port/createauto x'), ['Port 0003']);
  t.equal((await console.ask('port/createauto')).text, `0000 DATA END WITH '.'\n.\n${full}\n`);
});

t.test('console-port-removed: a removed port is forgotten, with all of its settings', async (t) => {
  const { console } = await fresh(t);
  await console.give('vlan/create 20', 'port/create 3', 'port/setvlan 3 20', 'port/allocatable 3 1', 'port/setuser 3 daemon');
  t.same(await console.data('port/allprint 3'), inactive(3, { vlan: '0020', allocatable: true, user: 'daemon' }));
  await console.give('port/remove 3');
  t.same(await console.data('port/allprint'), []);
  await console.give('port/create 3');
  t.same(await console.data('port/allprint 3'), inactive(3));
});

t.test('console-port-numbers: numbers of two-argument commands are decimal, hexadecimal or octal', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 8', 'vlan/create 20');
  for (const line of [
    'port/setvlan 8 20',
    'port/setvlan 0x8 0x14',
    'port/setvlan 010 024',
    'port/setvlan +8 20',
    'port/setvlan 8 20x',
    'port/setvlan 8 20 30',
  ]) {
    await console.give('port/setvlan 8 0', line);
    t.match((await console.data('port/allprint 8'))[0], 'untagged_vlan=0020', line);
  }
});

t.test('console-port-vlan-4095: VLAN 4095 means none', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3', 'port/setvlan 3 4095');
  t.same(await console.data('port/allprint 3'), inactive(3, { vlan: '4095' }));
  t.same(await console.data('vlan/allprint'), ['VLAN 0000']);
  await console.give('port/setvlan 3 0');
  t.same(await console.data('port/allprint 3'), inactive(3));
});

t.test('console-port-allocatable: port/allocatable takes a number, and all but 0 mean yes', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3');
  for (const [value, allocatable] of [
    ['1', true],
    ['0', false],
    ['2', true],
    ['0x0', false],
    ['-1', true],
  ]) {
    await console.give(`port/allocatable 3 ${value}`);
    t.same(await console.data('port/allprint 3'), inactive(3, { allocatable }), value);
  }
});

t.test('console-port-names: users and groups are shown by name, or else by number', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3');
  for (const [user, group, shown] of [
    ['daemon', 'daemon', 'daemon'],
    ['1', '1', 'daemon'],
    ['0', '0', 'root'],
    ['NONE', 'NONE', 'NONE'],
    ['12345', 'NONE', '12345'],
    ['ANY', 'ANY', 'NONE'],
  ]) {
    await console.give(`port/setuser 3 ${user}`, `port/setgroup 3 ${group}`);
    t.same(await console.data('port/allprint 3'), inactive(3, { user: shown, group: group === 'NONE' ? 'NONE' : shown }), user);
  }
});

t.test('console-port-trailing: a number with trailing characters is no user', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3');
  for (const name of ['0x1', '12x', '1 2']) {
    t.equal(await console.status(`port/setuser 3 ${name}`), invalid, name);
    t.equal(await console.status(`port/setgroup 3 ${name}`), invalid, name);
  }
});

t.test('console-port-unnamed: two users without names are shown as two', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3', 'port/setuser 3 12345', 'port/setgroup 3 54321');
  t.same(await console.data('port/allprint 3'), inactive(3, { user: '12345', group: '54321' }));
});

t.test('console-port-uid-31-bits: a user above 31 bits is shown correctly, and does no harm', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 3', 'port/setuser 3 4000000000');
  t.same(await console.data('port/allprint 3'), inactive(3, { user: '4000000000' }));
});

t.test('console-port-sethub: the switch becomes a hub and a switch again', async (t) => {
  const { console } = await fresh(t);
  for (const [line, hub] of [
    ['port/sethub 1', true],
    ['port/sethub 0', false],
    ['port/sethub 7', true],
    ['port/sethub', false],
    ['port/sethub -1', true],
    ['port/sethub x', false],
  ]) {
    t.equal((await console.ask(line)).text, `${success}\n`);
    t.equal((await console.data('port/showinfo'))[1], `HUB=${hub}`, line);
  }
});

t.test('console-port-order: ports are listed by number', async (t) => {
  const { console } = await fresh(t);
  await console.give('port/create 9', 'port/create 2', 'port/create 30', 'port/create 11');
  t.same(await numbers(console), [2, 9, 11, 30]);
});
