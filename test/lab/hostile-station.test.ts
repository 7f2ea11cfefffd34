import { expect, it, test } from 'vitest';
import { lab, type Network } from '../../src/lab/lab.ts';
import type { LabDhcp } from '../../src/lab/lab-dhcp.ts';
import type { LabHost } from '../../src/lab/lab-host.ts';
import type { LabStation } from '../../src/lab/lab-station.ts';
import { strangersPolicy, type SenderPolicy, type SenderRule } from '../../src/switch/sender-policy.ts';
import { formatIpv4 } from '../../src/wire/ipv4.ts';
import { formatMac, macFromNumber } from '../../src/wire/mac.ts';
import { frameOf, hostile, policy, serverAddress, thief, victim, victimAddress } from '../switch/hostile-frames.ts';

interface Scene {
  readonly net: Network;
  readonly server: LabDhcp;
  readonly guest: LabHost;
  readonly friend: LabHost;
  readonly station: LabStation;
  /** The counts of dropped frames at the port of the hostile station, by reason. */
  readonly drops: () => Readonly<Record<string, number>>;
}

/** A guest and a friend with leases of ten seconds, and a hostile station at port 3, guarded by a policy. */
async function scene(guard: SenderPolicy | undefined): Promise<Scene> {
  const net = lab();
  const at = net.switch('s1');
  const server = net.dhcp(at, { reserve: [`${formatMac(victim)}=${formatIpv4(victimAddress)}`], leaseTime: 10 });
  const guest = net.host('guest', at, { mac: formatMac(victim), dhcp: true });
  const friend = net.host('friend', at, { dhcp: true });
  const station = net.station('thief', at, { mac: formatMac(thief) });
  if (guard) at.switch.guard(3, guard);
  await net.run({ seconds: 5 });
  return { net, server, guest, friend, station, drops: () => at.switch.port(3)?.counters.drops ?? {} };
}

const bad = new Set(['conflict', 'lease-declined', 'lease-reclaimed', 'address-claimer', 'nak', 'duplicate-client', 'lease-released']);

/** Returns what went wrong for the guest: pings without an answer, and events about its lease. */
async function harmIn({ net, server, guest, friend }: Scene): Promise<string[]> {
  const pings = [await friend.ping('10.77.0.12', { timeout: 1 }), await guest.ping('10.77.0.1', { timeout: 1 })];
  await net.run({ seconds: 1 });
  return [
    ...pings.flatMap((trip, i) => (trip === undefined ? [`ping ${i}`] : [])),
    ...server.events.flatMap((event) => (bad.has(event.type) && !isAboutServer(event) ? [event.type] : [])),
  ];
}

/** Returns whether an event tells only that someone claimed the server's own address. */
function isAboutServer(event: LabDhcp['events'][number]): boolean {
  return event.type === 'conflict' && event.address === serverAddress;
}

it.each(Object.keys(hostile) as SenderRule[])('a guarded station cannot harm a guest by frames of the rule %s', async (rule) => {
  const at = await scene(policy);
  for (const [, frame] of hostile[rule]) {
    for (let i = 0; i < 3; i++) at.station.send(frame);
    expect(await harmIn(at)).toEqual([]);
  }
  await at.net.run({ seconds: 15 });
  expect(await harmIn(at)).toEqual([]);
  expect(at.server.events.filter(({ type }) => type === 'lease-renewed').length).toBeGreaterThan(1);
  expect(at.drops()[rule]).toBe(3 * hostile[rule].length);
});

test('a guarded station that floods keeps no guest from its lease', async () => {
  const at = await scene({ ...policy, floodRate: 20 });
  const frame = frameOf(0x88b5, new Uint8Array(46));
  for (let i = 0; i < 500; i++) at.station.send(frame);
  expect(await harmIn(at)).toEqual([]);
  expect(at.drops()['flooding']).toBe(480);
});

test('without a guard forged ARP harms it', async () => {
  const at = await scene(undefined);
  const harm: string[] = [];
  for (const [, frame] of hostile['forged-arp']) {
    for (let i = 0; i < 3; i++) at.station.send(frame);
    harm.push(...(await harmIn(at)));
  }
  expect(harm).not.toEqual([]);
});

test('stations with addresses of no one get leases and answers behind guards', async () => {
  const net = lab();
  const at = net.switch('s1');
  net.dhcp(at);
  const guest = net.host('guest', at, { dhcp: true, mac: '02:00:00:00:00:77' });
  const friend = net.host('friend', at, { dhcp: true });
  for (const port of [1, 2]) at.switch.guard(port, { ...strangersPolicy, mayUse: (mac) => mac !== macFromNumber(0x0265_6c00_0001) });
  await net.run({ seconds: 5 });
  expect(await friend.ping(guest)).toBeGreaterThan(0);
  expect(await guest.ping('10.77.0.1')).toBeGreaterThan(0);
  const dropped = [1, 2].flatMap((port) => Object.entries(at.switch.port(port)?.counters.drops ?? {}).filter(([, count]) => count > 0));
  expect(dropped).toEqual([]);
});
