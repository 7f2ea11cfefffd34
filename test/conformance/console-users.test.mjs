/**
 * Black-box tests of what the console tells of users, and of who may be at a port.
 */
import { statSync } from 'node:fs';
import t from 'tap';
import { portPrint, reusedConsole, startConsole } from './console.mjs';
import { Client, daemonUser, needsRoot, nobodyUser, portOf, portWord, request3, soon, until } from './peer.mjs';

const open = reusedConsole(t, '-m', '666');

t.test('users-shown: the user at a port is shown', { skip: needsRoot }, async (t) => {
  const one = await open(t);
  await Client.joined(t, one.directory, 0, { user: daemonUser });
  await Client.joined(t, one.directory);
  t.equal((await portPrint(one.console, 1)).users, ' Current User: daemon Access Control: (User: NONE - Group: NONE)');
  t.equal((await portPrint(one.console, 2)).users, ' Current User: root Access Control: (User: NONE - Group: NONE)');
});

t.test('users-by-number: a user without a name is shown by number', { skip: needsRoot }, async (t) => {
  const one = await open(t);
  await Client.joined(t, one.directory, 0, { user: { uid: 54321, gid: 54321 } });
  t.equal((await portPrint(one.console, 1)).users, ' Current User: 54321 Access Control: (User: NONE - Group: NONE)');
});

t.test('users-namespace: a user of a user namespace, above 100,000, is shown, too', { skip: needsRoot }, async (t) => {
  const one = await open(t);
  await Client.joined(t, one.directory, 0, { user: { uid: 1_000_001, gid: 1_000_001 } });
  t.equal((await portPrint(one.console, 1)).users, ' Current User: 1000001 Access Control: (User: NONE - Group: NONE)');
});

/** Returns whether a user gets a port by its number. A refused client may get no reply: it is not at the port when the next one is. */
async function gets(t, one, port, user, request) {
  const client = await Client.open(t, one.directory, { user });
  const asked = client.join(portWord(port), { request }).catch(() => undefined);
  await Promise.race([asked, Client.joined(t, one.directory, portWord(31))]);
  await Client.joined(t, one.directory, portWord(30));
  const endpoints = (await one.console.ask(`port/allprint ${port}`)).data.filter((line) => line.includes('-- endpoint ID'));
  client.stream.destroy();
  return endpoints.length > 0;
}

for (const [key, what, lines, allowed] of [
  ['free', 'a port without an owner', [], { root: true, daemon: true, nobody: true }],
  ['user', 'a port of a user', ['port/setuser 3 daemon'], { root: true, daemon: true, nobody: false }],
  ['number', 'a port of a user by number', ['port/setuser 3 1'], { root: true, daemon: true, nobody: false }],
  ['group', 'a port of a group', ['port/setgroup 3 daemon'], { root: true, daemon: true, nobody: false }],
  ['both', 'a port of a user and a group', ['port/setuser 3 nobody', 'port/setgroup 3 daemon'], { root: true, daemon: true, nobody: true }],
  [
    'foreign',
    'a port of another user and another group',
    ['port/setuser 3 bin', 'port/setgroup 3 bin'],
    { root: true, daemon: false, nobody: false },
  ],
  ['was-user', "a port that was a user's", ['port/setuser 3 daemon', 'port/setuser 3 NONE'], { root: true, daemon: true, nobody: true }],
  ['was-group', "a port that was a group's", ['port/setgroup 3 daemon', 'port/setgroup 3 ANY'], { root: true, daemon: true, nobody: true }],
]) {
  for (const [name, user] of Object.entries({ root: undefined, daemon: daemonUser, nobody: nobodyUser }))
    t.test(`users-access[${name} ${key}]: ${name} ${allowed[name] ? 'gets' : 'does not get'} ${what}`, { skip: needsRoot }, async (t) => {
      const one = await open(t);
      await one.console.give('port/create 3', ...lines);
      t.equal(await gets(t, one, 3, user), allowed[name]);
    });
}

t.test(
  'users-by-process: the rights to a port are those of the asking process, not those of the owner of the file it names',
  { skip: needsRoot },
  async (t) => {
    const one = await open(t);
    await one.console.give('port/create 3', 'port/setuser 3 daemon');
    const named = await Client.open(t, one.directory, { user: daemonUser });
    t.equal(await gets(t, one, 3, nobodyUser, request3(portWord(3), named.path)), false);
  },
);

t.test('users-exclusive: a port in use belongs to its user alone', { skip: needsRoot }, async (t) => {
  const one = await open(t);
  await Client.joined(t, one.directory, portWord(3), { user: daemonUser });
  await Client.joined(t, one.directory, portWord(3), { user: daemonUser });
  await gets(t, one, 3, nobodyUser);
  t.equal((await portPrint(one.console, 3)).endpoints.length, 2);
});

t.test('users-next-free: a client without the right to a free port gets another one when it names none', { skip: needsRoot }, async (t) => {
  const one = await open(t);
  await one.console.give('port/create 1', 'port/allocatable 1 1', 'port/setuser 1 daemon');
  const client = await Client.open(t, one.directory, { user: nobodyUser });
  await client.ask(request3(0, client.path), soon);
  t.equal(portOf(client.port), 2);
});

t.test('users-management-mode: the socket of the management port has the mode of the console', { skip: needsRoot }, async (t) => {
  const one = await startConsole(t, '--mgmtmode', '640');
  const client = await Client.joined(t, one.directory, 1);
  const mode = () => (statSync(client.port).mode & 0o777).toString(8);
  // The original sets it after its reply.
  await until(() => mode() !== '600', one.directory).catch(() => undefined);
  t.equal(mode(), '640');
});
