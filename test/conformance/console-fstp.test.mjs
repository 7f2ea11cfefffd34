/**
 * Black-box tests of the console's menu of spanning trees.
 */
import t from 'tap';
import { checkEmptyBlocks, checkStatuses, fstpTree, reusedConsole, rootedTree, startConsole, status, treePort } from './console.mjs';
import { Client } from './peer.mjs';

const { invalid, noAddress, success } = status;
const macaddr = ['--macaddr', '00:ff:aa:bb:cc:01'];

/** VLAN 20 exists, 9 and 4093 do not; port 31 is the last. The checks here do not affect each other. */
const shared = await startConsole(t);
const fresh = reusedConsole(t);
await shared.console.give('vlan/create 20');

checkStatuses(t, 'console-fstp', shared, [
  ['fstp/setedge', invalid],
  ['fstp/setedge 0', invalid],
  ['fstp/setedge 0 1', invalid],
  ['fstp/setedge 0 1 1', success],
  ['fstp/setedge 0 1 7', success],
  ['fstp/setedge 0 1 0 more', success],
  ['fstp/setedge 0x14 0x1f 01', success],
  ['fstp/setedge 0 0 1', success],
  ['fstp/setedge 0 -1 1', invalid],
  ['fstp/setedge 0 32 1', invalid],
  ['fstp/setedge -1 1 1', invalid],
  ['fstp/setedge 9 1 1', noAddress],
  ['fstp/setedge 4093 1 1', noAddress],
  ['fstp/setedge 4094 1 1', noAddress],
  ['fstp/setedge 4095 1 1', invalid],
  ['fstp/setedge 9 32 1', invalid],
  ['fstp/setedge x 1 1', invalid],
  ['fstp/setedge 0 x 1', invalid],
  ['fstp/setedge 0 1 x', invalid],
  ['fstp/bonus', invalid],
  ['fstp/bonus 0', invalid],
  ['fstp/bonus 0 1', invalid],
  ['fstp/bonus 20 1 100', success],
  ['fstp/bonus 20 31 0x20', success],
  ['fstp/bonus 20 0 5', success],
  ['fstp/bonus 20 32 5', invalid],
  ['fstp/bonus 20 -1 5', invalid],
  ['fstp/bonus -1 1 5', invalid],
  ['fstp/bonus 9 1 5', noAddress],
  ['fstp/bonus 4094 1 5', noAddress],
  ['fstp/bonus 4095 1 5', invalid],
  ['fstp/bonus 9 32 5', invalid],
  ['fstp/bonus 20 1 x', invalid],
]);

checkEmptyBlocks(t, 'console-fstp', shared, [
  ['fstp/print 9', noAddress],
  ['fstp/print 4093', noAddress],
  ['fstp/print 4094', invalid],
  ['fstp/print 4095', invalid],
  ['fstp/print -1', invalid],
  ['fstp/setfstp', success],
  ['fstp/setfstp 0', success],
  ['fstp/setfstp x', success],
]);

t.test('console-fstp-showinfo: fstp/showinfo shows address, priority, and that it is off', async (t) => {
  const { console } = await startConsole(t, ...macaddr);
  t.same(await console.data('fstp/showinfo'), ['MAC 00:ff:aa:bb:cc:01 Priority 32768 (0x8000)', 'FSTP=false']);
});

t.test('console-fstp-showinfo-options: fstp/showinfo shows the values of the options', async (t) => {
  const { console } = await startConsole(t, ...macaddr, '--priority', '0x1234', '-F');
  t.same(await console.data('fstp/showinfo'), ['MAC 00:ff:aa:bb:cc:01 Priority 4660 (0x1234)', 'FSTP=true']);
});

t.test('console-fstp-setfstp: fstp/setfstp turns it off by 0, and on by any other number', async (t) => {
  const { console } = await fresh(t);
  for (const [argument, on] of [
    ['1', true],
    ['0', false],
    ['7', true],
    ['', false],
    ['-1', true],
    ['x', false],
    ['1x', true],
  ]) {
    t.equal((await console.ask(`fstp/setfstp ${argument}`)).text, `0000 DATA END WITH '.'\n.\n${success}\n`);
    t.equal((await console.data('fstp/showinfo'))[1], `FSTP=${on}`, argument);
  }
});

t.test('console-fstp-hub: a hub has no spanning tree, and says so', async (t) => {
  const { console } = await startConsole(t, '-x');
  for (const line of ['fstp/setfstp 1', 'fstp/setfstp 0']) t.same(await console.data(line), ["Can't use fstp in hub mode"], line);
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
});

t.test('console-fstp-sethub: a switch that becomes a hub leaves the trees, and does not rejoin by itself', async (t) => {
  const { console } = await startConsole(t, '-F');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=true');
  await console.give('port/sethub 1');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
  await console.give('port/sethub 0');
  t.equal((await console.data('fstp/showinfo'))[1], 'FSTP=false');
});

for (const [what, args, disabled] of [
  ['off', [], true],
  ['on', ['-F'], false],
]) {
  t.test(`console-fstp-print[${what}]: fstp/print when it is ${what}`, async (t) => {
    const { console } = await startConsole(t, ...macaddr, ...args);
    t.same(await fstpTree(console), rootedTree({ disabled }));
    t.same(await fstpTree(console, 0), rootedTree({ disabled }));
    t.same(await fstpTree(console, 'x'), rootedTree({ disabled }), 'what is no number is 0');
  });
}

t.test('console-fstp-print-vlans: fstp/print shows each VLAN with its ports, tagged ones last', async (t) => {
  const one = await startConsole(t, ...macaddr, '-F', '--priority', '4096');
  for (let i = 0; i < 3; i++) await Client.joined(t, one.directory);
  const { console } = one;
  await console.give('vlan/create 291', 'vlan/addport 291 1', 'port/setvlan 2 291', 'port/create 5');
  t.same(await fstpTree(console), [
    ...rootedTree({ priority: '10:00' }),
    treePort(1, 'Designated'),
    treePort(3, 'Designated'),
    ...rootedTree({ vlan: '0291', priority: '10:00' }),
    treePort(2, 'Designated'),
    treePort(1, 'Unknown', 1),
  ]);
  t.equal((await fstpTree(console, 291)).length, 6);
});

t.test('console-fstp-bonus: a bonus is shown, one for each VLAN', async (t) => {
  const { console } = await startConsole(t, ...macaddr, '-F');
  for (const [line, bonus] of [
    ['fstp/bonus 0 1 100', 'bonusport 0001 bonuscost 100'],
    ['fstp/bonus 0 2 0x20', 'bonusport 0002 bonuscost 32'],
    ['fstp/bonus 0 31 -5', 'bonusport 0031 bonuscost -5'],
    ['fstp/bonus 0 0 7', 'bonusport 0000 bonuscost 7'],
  ]) {
    await console.give(line);
    t.same(await fstpTree(console), rootedTree({ bonus }), line);
  }
});
