import { writeFileSync } from 'node:fs';
import { clientMac } from '../dhcp/spec.ts';
import { formatIpv4, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { formatMac, macFromNumber } from '../../src/wire/mac.ts';
import type { Side } from './benchmark.ts';
import { findKea } from './kea.ts';
import { Namespace } from './namespace.ts';
import { programOf, untilAnswers } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** A DHCP server on a switch of ours. */
export interface DhcpServed {
  readonly directory: string;
  /** The switch, and the server where that is a process of its own. */
  readonly processes: readonly number[];
}

/** Servers that ours is compared with. */
export type DhcpPeer = 'dnsmasq' | 'Kea';

const card = 'dhcp0';
const serverAddress = '10.77.0.1';
const network = '10.77.0.0/16';
/** Beyond what any load asks for. */
const pool = { first: '10.77.1.0', last: '10.77.250.255' } as const;
const leaseSeconds = 3600;

/** Our server, inside the switch, its leases kept in the workplace. */
export async function serveOurs(side: Side, workplace: Workplace): Promise<DhcpServed> {
  const directory = workplace.path('switch');
  const words = ['--sock', directory, '--state', workplace.path('state'), '--dhcp', network, '--range', `${pool.first}-${pool.last}`];
  const running = workplace.start([programOf(side, workplace, 'etherloom'), 'switch', ...words, '--lease-time', String(leaseSeconds)]);
  await running.line(/^ready$/);
  return { directory, processes: [running.pid] };
}

/**
 * Returns a peer, in a network namespace behind a TAP port of a switch of ours; its leases are kept in the workplace. `known` clients
 * have their leases from the start where it would take the server minutes to give them; the load gets them elsewhere.
 */
export async function servePeer(peer: DhcpPeer, workplace: Workplace, known: number): Promise<DhcpServed> {
  const outside = await Namespace.open(workplace);
  const directory = workplace.path('switch');
  const running = outside.start([programOf('ours', workplace, 'etherloom'), 'switch', '--sock', directory, '--port', `tap://${card}`]);
  await untilAnswers(running, directory);
  const host = await Namespace.open(workplace, outside);
  outside.run('ip', 'link', 'set', card, 'netns', String(host.pid));
  host.run('ip', 'link', 'set', card, 'up');
  host.run('ip', 'address', 'add', `${serverAddress}/16`, 'dev', card);
  await host.untilUp(card, running);
  const server = await (peer === 'dnsmasq' ? startDnsmasq(host, workplace, known) : startKea(host, workplace));
  return { directory, processes: [running.pid, server] };
}

/** It answers at once, without a ping to the address first, and logs no leases. */
async function startDnsmasq(host: Namespace, workplace: Workplace, known: number): Promise<number> {
  const leases = workplace.path('dnsmasq.leases');
  writeFileSync(leases, Array.from({ length: known }, (_, client) => dnsmasqLease(client)).join(''));
  const running = host.start([
    'dnsmasq',
    '--conf-file=/dev/null',
    '--keep-in-foreground',
    '--user=root',
    '--pid-file',
    '--log-facility=-',
    '--quiet-dhcp',
    '--port=0',
    `--interface=${card}`,
    '--bind-interfaces',
    '--dhcp-authoritative',
    '--no-ping',
    '--dhcp-lease-max=100000',
    `--dhcp-leasefile=${leases}`,
    `--dhcp-range=${pool.first},${pool.last},255.255.0.0,${leaseSeconds}`,
  ]);
  await running.line(/DHCP, sockets bound/);
  return running.pid;
}

/** Returns a line of its lease file: when it ends, MAC address, address, name, client identifier. */
function dnsmasqLease(client: number): string {
  const mac = formatMac(macFromNumber(clientMac(client)));
  const address = formatIpv4(ipv4FromNumber(0x0a4d_0100 + client));
  return `${Math.floor(Date.now() / 1000) + leaseSeconds} ${mac} ${address} * 01:${mac}\n`;
}

/** Its leases are written, but never cleaned up meanwhile; it logs no leases. */
async function startKea(host: Namespace, workplace: Workplace): Promise<number> {
  const kea = findKea();
  if (typeof kea === 'string') throw new Error(kea);
  const configuration = {
    Dhcp4: {
      'interfaces-config': { interfaces: [card], 'dhcp-socket-type': 'raw' },
      'lease-database': { type: 'memfile', persist: true, name: workplace.path('kea-leases.csv'), 'lfc-interval': 0 },
      authoritative: true,
      'valid-lifetime': leaseSeconds,
      subnet4: [{ id: 1, subnet: network, interface: card, pools: [{ pool: `${pool.first} - ${pool.last}` }] }],
      loggers: [
        { name: 'kea-dhcp4', severity: 'WARN', output_options: [{ output: 'stdout' }] },
        { name: 'kea-dhcp4.dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] },
      ],
    },
  };
  writeFileSync(workplace.path('kea.json'), JSON.stringify(configuration));
  const { directory } = workplace;
  const places = ['PIDFILE', 'LOCKFILE', 'DHCP_DATA', 'LOG_FILE'].map((what) => `KEA_${what}_DIR=${directory}`);
  const running = host.start(['env', ...places, `LD_LIBRARY_PATH=${kea.libraries}`, kea.program, '-c', workplace.path('kea.json')]);
  await running.line(/DHCP4_STARTED/);
  return running.pid;
}
