/**
 * Black-box tests of `iplog`, the plugin that knows which IP address is at which port.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { reusedConsole, startConsole, status } from './console.mjs';
import { Client, everybody, frame, ownName, tagged, until } from './peer.mjs';

const { exists, invalid, noEntry, success } = status;
const [stationA, stationB] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'];
const fresh = reusedConsole(t);

for (const [line, expected] of [
  ['iplog/ipadd', invalid],
  ['iplog/ipadd x', invalid],
  ['iplog/ipdel', invalid],
  ['iplog/ipdel x', invalid],
  ['iplog/ipdel 11.0.0.0/8', noEntry],
  ['iplog/logfile /nosuch/file', noEntry],
  ['iplog/setgcint x', success],
])
  t.test(`iplog-status[${line}]: ends with ${expected}`, async (t) => {
    const { console } = await fresh(t);
    await console.give('plugin/add iplog');
    t.equal((await console.ask(line)).text, `${expected}\n`);
  });

/**
 * Returns a switch with the plugin, and clients at ports 1 and 2. The original's remembers addresses beyond its removal, so each check
 * has its own.
 */
async function withPlugin(t, ...lines) {
  const one = await startConsole(t);
  const clients = [await Client.joined(t, one.directory), await Client.joined(t, one.directory)];
  await one.console.give('plugin/add iplog', ...lines);
  return [one.console, ...clients, one];
}

/** Returns a frame with an IP packet of nothing. */
function ipFrame(source, address) {
  const octets = frame(everybody, source, 80, 0, address.includes(':') ? 0x86dd : 0x0800);
  if (address.includes(':')) octets.set(Buffer.from(`6000000000001140fd00${'00'.repeat(13)}${address.slice(-2)}`, 'hex'), 14);
  else
    octets.set(
      Buffer.from(
        `4500002e000000004011000${'0'}${address
          .split('.')
          .map((n) => Number(n).toString(16).padStart(2, '0'))
          .join('')}`,
        'hex',
      ),
      14,
    );
  return octets;
}

const newIp = (version, address, mac, port) => `ipv${version} ${address} mac=${mac} port=${port} vlan=0 user=${ownName} "conformance"`;

t.test('iplog-showinfo: iplog/showinfo shows the settings', async (t) => {
  const { console } = await fresh(t);
  await console.give('plugin/add iplog');
  const [, ...lines] = await console.data('iplog/showinfo');
  t.same(lines, ['log disabled', 'GC interval 10 secs', 'GC expire 360 secs']);
  await console.give('iplog/setgcint 7', 'iplog/setexpire 9x', 'iplog/logfile /dev/null');
  t.same((await console.data('iplog/showinfo')).slice(1), ['log on file /dev/null', 'GC interval 7 secs', 'GC expire 9 secs']);
  await console.give('iplog/logfile');
  t.equal((await console.data('iplog/showinfo'))[1], 'log disabled');
});

t.test('iplog-ranges: ranges are added, listed and removed', async (t) => {
  const { console } = await fresh(t);
  await console.give(
    'plugin/add iplog',
    'iplog/ipadd fd00::/16',
    'iplog/ipadd 10.0.0.0/8',
    'iplog/ipadd 192.168.1.1',
    'iplog/ipadd fd00::1',
  );
  t.same(await console.data('iplog/list'), ['  ipv4: 10.0.0.0/8', '  ipv4: 192.168.1.1/32', '  ipv6: fd00::/16', '  ipv6: fd00::1/128']);
  for (const line of ['iplog/ipadd 10.0.0.0/8', 'iplog/ipadd fd00::/16']) t.equal(await console.status(line), exists, line);
  await console.give('iplog/ipdel 10.0.0.0/8', 'iplog/ipdel fd00::1');
  t.same(await console.data('iplog/list'), ['  ipv4: 192.168.1.1/32', '  ipv6: fd00::/16']);
});

t.test('iplog-addresses: addresses of the ranges are reported once, and listed', async (t) => {
  const [console, a, b] = await withPlugin(t, 'iplog/ipadd 10.0.0.0/8', 'iplog/ipadd fd00::/16', 'debug/add iplog');
  t.same(await console.data('iplog/iplist'), []);
  a.send(ipFrame(stationA, '11.0.0.5'));
  a.send(ipFrame(stationA, '10.0.0.5'));
  a.send(ipFrame(stationA, '10.0.0.5'));
  b.send(ipFrame(stationB, 'fd00::07'));
  t.same((await console.eventsInNumber(2)).sort(), [
    `3301 iplog/newip ${newIp(4, '10.0.0.5', stationA, 1)}`,
    `3301 iplog/newip ${newIp(6, 'fd00::7', stationB, 2)}`,
  ]);
  const [four, six] = [`ipv4 10.0.0.5 port=1 user=${ownName}`, `ipv6 fd00::7 port=2 user=${ownName}`];
  for (const [line, data] of [
    ['iplog/iplist', [four, six]],
    ['iplog/ipport 1', [four]],
    ['iplog/ipport 2', [six]],
    ['iplog/ipport 9', []],
    [`iplog/ipuser ${ownName}`, [four, six]],
    ['iplog/ipuser daemon', []],
    ['iplog/ipsearch 10.0.0.5', [four]],
    ['iplog/ipsearch fd00::7', [six]],
    ['iplog/ipsearch 10.0.0.6', []],
  ])
    t.same(await console.data(line), data, line);
  t.same(console.events(), []);
  for (const line of ['iplog/ipsearch x', 'iplog/ipsearch', 'iplog/ipuser nosuchuser', 'iplog/ipuser'])
    t.equal((await console.ask(line)).text, `0000 DATA END WITH '.'\n.\n${invalid}\n`, line);
});

t.test('iplog-moves: an address that moves is reported again', async (t) => {
  const [console, a, b] = await withPlugin(t, 'iplog/ipadd 0.0.0.0/0', 'debug/add iplog');
  a.send(ipFrame(stationA, '10.0.0.5'));
  t.equal(await console.event(), `3301 iplog/newip ${newIp(4, '10.0.0.5', stationA, 1)}`);
  b.send(ipFrame(stationB, '10.0.0.5'));
  t.equal(await console.event(), `3301 iplog/newip ${newIp(4, '10.0.0.5', stationB, 2)}`);
  t.same(await console.data('iplog/iplist'), [`ipv4 10.0.0.5 port=2 user=${ownName}`]);
});

t.test('iplog-file: new addresses are in the log file, each with its time', async (t) => {
  const [console, a, , one] = await withPlugin(t, 'iplog/ipadd 10.0.0.0/8', 'debug/add iplog');
  const path = join(one.parent, 'log');
  await console.give(`iplog/logfile ${path}`);
  a.send(ipFrame(stationA, '10.0.0.5'));
  await console.event();
  await until(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'), one.parent);
  const [, time, line] = /^(.{15}) (.*)\n$/.exec(readFileSync(path, 'utf8')) ?? [];
  t.match(time, /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d$/);
  t.equal(line, newIp(4, '10.0.0.5', stationA, 1));
});

t.test('iplog-vlan: an address in a VLAN', async (t) => {
  const [console, a] = await withPlugin(t, 'iplog/ipadd 10.0.0.0/8', 'vlan/create 10', 'vlan/addport 10 1', 'debug/add iplog');
  a.send(tagged(ipFrame(stationA, '10.0.0.5'), 10));
  t.match(await console.event(), `ipv4 10.0.0.5 mac=02:00:00:00:00:0a port=1 vlan=10 user=${ownName}`);
});
