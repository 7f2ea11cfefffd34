/**
 * Black-box tests of `-t`: ports on tap interfaces, in network namespaces of their own.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { accepts, Client, everybody, executable, frame, portOf, scratch, soon, spawnSwitch, until } from './peer.mjs';

const probe = 'ip tuntap add probe mode tap';
const skip =
  spawnSync('unshare', ['-n', 'sh', '-c', probe]).status === 0
    ? false
    : 'only root can make network namespaces with taps (unshare, ip, /dev/net/tun)';

/** Returns a switch with these arguments in a network namespace of its own. */
async function withTaps(t, ...args) {
  const directory = join(scratch(t), 'sw');
  const one = spawnSwitch('unshare', ['-n', executable, '-s', directory, ...args]);
  t.teardown(() => one.end('SIGKILL'));
  await until(
    () => one.over || accepts(join(directory, 'ctl'), one.pid),
    undefined,
    () => one.log(),
  );
  // It answers when all is opened.
  const client = await Client.joined(t, directory);
  return { one, directory, client };
}

const inside = (one, ...command) => spawnSync('nsenter', ['-n', '-t', String(one.pid), ...command], { encoding: 'utf8' });

/** Returns how many frames the interface received from the switch; undefined when there is none. */
function received(one, name) {
  const [, numbers] = new RegExp(`^ *${name}:(.*)`, 'm').exec(readFileSync(`/proc/${one.pid}/net/dev`, 'utf8')) ?? [];
  return numbers === undefined ? undefined : Number(numbers.trim().split(/ +/)[1]);
}

for (const args of [['-t', 'vde0'], ['-tvde0'], ['--tap', 'vde0'], ['-tap', 'vde0']]) {
  t.test(`taps-option[${args.join(' ')}]: makes the interface`, { skip }, async (t) => {
    const { one } = await withTaps(t, ...args);
    t.equal(received(one, 'vde0'), 0);
  });
}

t.test('taps-out: frames go to the interface', { skip }, async (t) => {
  const { one, client } = await withTaps(t, '-t', 'vde0');
  inside(one, 'ip', 'link', 'set', 'vde0', 'up');
  await until(() => {
    client.send(frame(everybody, '02:00:00:00:00:0a', 77));
    return received(one, 'vde0') > 0;
  });
  t.ok(received(one, 'vde0') > 0);
});

t.test('taps-in: frames come from the interface', { skip }, async (t) => {
  const { one, client } = await withTaps(t, '-t', 'vde0');
  inside(one, 'ip', 'link', 'set', 'vde0', 'address', '02:00:00:00:00:77', 'up');
  // The system looks for its neighbours as soon as it is up.
  const heard = await client.receiveThat((octets) => octets.toString('hex', 6, 12) === '020000000077');
  t.equal(heard?.toString('hex', 0, 2), '3333');
});

t.test('taps-port: each interface takes the lowest free port', { skip }, async (t) => {
  const { one, client } = await withTaps(t, '-t', 'vde0', '-t', 'vde1');
  t.equal(portOf(client.port), 3);
  t.same([received(one, 'vde0'), received(one, 'vde1')], [0, 0]);
});

t.test('taps-ends: the interface is removed with the switch', { skip }, async (t) => {
  const holder = spawnSwitch('unshare', ['-n', 'cat']);
  t.teardown(() => holder.end('SIGKILL'));
  const outer = readFileSync('/proc/self/net/dev', 'utf8');
  await until(() => readFileSync(`/proc/${holder.pid}/net/dev`, 'utf8') !== outer);
  const directory = join(scratch(t), 'sw');
  const one = spawnSwitch('nsenter', ['-n', '-t', String(holder.pid), executable, '-s', directory, '-t', 'vde0']);
  t.teardown(() => one.end('SIGKILL'));
  await until(() => received(holder, 'vde0') !== undefined);
  await until(() => one.over || accepts(join(directory, 'ctl'), holder.pid));
  await Client.joined(t, directory);
  await one.end('SIGTERM');
  t.equal(received(holder, 'vde0'), undefined);
});

t.test('taps-unavailable: an unavailable interface is reported, and the switch serves without it', { skip }, async (t) => {
  const { one, client } = await withTaps(t, '-t', 'lo', '-t', 'vde1');
  await until(() => one.log().includes('ERROR OPENING tap interface: lo'), undefined, one.log, soon);
  t.equal(received(one, 'vde1'), 0);
  t.equal(portOf(client.port), 2);
});

t.test('taps-long-name: a name above the limit is refused', { skip }, async (t) => {
  const { one, client } = await withTaps(t, '-t', 'averyveryverylongname');
  await until(() => one.log().includes('ERROR OPENING tap interface: averyveryverylongname'), undefined, one.log, soon);
  t.equal(portOf(client.port), 1);
});

t.test('taps-no-right: a user without the right is told, and the switch serves', { skip }, async (t) => {
  const parent = scratch(t);
  const directory = join(parent, 'sw');
  // All else it may do, as only the executable's directory may need it.
  const one = spawnSwitch('setpriv', ['--bounding-set=-net_admin', '--inh-caps=-net_admin', executable, '-s', directory, '-t', 'vde77']);
  t.teardown(() => one.end('SIGKILL'));
  await until(() => one.over || accepts(join(directory, 'ctl')));
  t.equal(portOf(await (await Client.open(t, directory)).join()), 1);
  await until(() => one.log().includes('ERROR OPENING tap interface: vde77'), undefined, one.log, soon);
});
