/** Black-box tests of `help`: the commands, their order, and their arguments. The descriptions are prose, and free. */
import t from 'tap';
import { startConsole } from './console.mjs';

const shared = await startConsole(t);

/** The commands with what they take, in their order; a menu takes `============`. */
const commands = [
  ['ds', '============'],
  ['ds/showinfo', ''],
  ['help', '[arg]'],
  ['logout', ''],
  ['shutdown', ''],
  ['showinfo', ''],
  ['load', 'path'],
  ['debug', '============'],
  ['debug/list', ''],
  ['debug/add', 'dbgpath'],
  ['debug/del', 'dbgpath'],
  ['plugin', '============'],
  ['plugin/list', ''],
  ['plugin/add', 'library'],
  ['plugin/del', 'name'],
  ['hash', '============'],
  ['hash/showinfo', ''],
  ['hash/setsize', 'N'],
  ['hash/setgcint', 'N'],
  ['hash/setexpire', 'N'],
  ['hash/setminper', 'N'],
  ['hash/print', ''],
  ['hash/find', 'MAC [VLAN]'],
  ['fstp', '============'],
  ['fstp/showinfo', ''],
  ['fstp/setfstp', '0/1'],
  ['fstp/setedge', 'VLAN PORT 1/0'],
  ['fstp/bonus', 'VLAN PORT COST'],
  ['fstp/print', '[N]'],
  ['port', '============'],
  ['port/showinfo', ''],
  ['port/setnumports', 'N'],
  ['port/sethub', '0/1'],
  ['port/setvlan', 'N VLAN'],
  ['port/createauto', ''],
  ['port/create', 'N'],
  ['port/remove', 'N'],
  ['port/allocatable', 'N 0/1'],
  ['port/setuser', 'N user'],
  ['port/setgroup', 'N user'],
  ['port/epclose', 'N ID'],
  ['port/resetcounter', '[N]'],
  ['port/print', '[N]'],
  ['port/allprint', '[N]'],
  ['vlan', '============'],
  ['vlan/create', 'N'],
  ['vlan/remove', 'N'],
  ['vlan/addport', 'N PORT'],
  ['vlan/delport', 'N PORT'],
  ['vlan/print', '[N]'],
  ['vlan/allprint', '[N]'],
];

const pathOf = (row) => row.slice(0, row.indexOf(' '));
const known = new Set(commands.map(([path]) => path));

t.test('help-heading: two lines of heading, with columns of 18 and 15', async (t) => {
  const console = await shared.session(t);
  t.same((await console.data('help')).slice(0, 2), [
    'COMMAND PATH       SYNTAX          HELP',
    '------------       --------------  ------------',
  ]);
});

t.test('help-order: the commands are in the usual order, possibly with others between them', async (t) => {
  const console = await shared.session(t);
  const rows = (await console.data('help')).slice(2);
  t.same(
    rows.map(pathOf).filter((path) => known.has(path)),
    commands.map(([path]) => path),
  );
});

for (const [path, syntax] of commands) {
  t.test(`help-command[${path}]: takes ${syntax || 'nothing'}, and has a description`, async (t) => {
    const console = await shared.session(t);
    const row = (await console.data(`help ${path}`)).find((row) => pathOf(row) === path);
    t.equal(row?.slice(0, 35), `${path.padEnd(18)} ${syntax.padEnd(15)} `);
    t.match(row?.slice(35), /^\S/);
  });
}

for (const prefix of [
  'port',
  'port/',
  'port/create',
  'h',
  'vlan/a',
  's',
  'ds',
  'fstp/set',
  'debug/list',
  'nosuch',
  'port/print/',
  'PORT',
]) {
  t.test(`help-prefix[${prefix}]: help lists the commands with this beginning`, async (t) => {
    const console = await shared.session(t);
    const rows = (await console.data(`help ${prefix}`)).slice(2).map(pathOf);
    t.ok(rows.every((path) => path.startsWith(prefix)));
    t.same(
      rows.filter((path) => known.has(path)),
      [...known].filter((path) => path.startsWith(prefix)),
    );
  });
}

t.test('help-argument: a command with an argument is the beginning of no command', async (t) => {
  const console = await shared.session(t);
  t.equal((await console.data('help port/create 5')).length, 2);
});
