import { dhcpConfig, type DhcpOptions } from '../dhcp/config.ts';
import type { DhcpEvent } from '../dhcp/events.ts';
import { LeaseJournal } from '../dhcp/lease-journal.ts';
import { DhcpServer } from '../dhcp/server.ts';
import { lockFile } from '../system/file-lock.ts';
import { vid } from '../wire/dot1q.ts';
import { formatIpv4, formatIpv4Network } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';
import type { DataPlane } from './data-plane.ts';
import type { Log } from '../log.ts';
import type { Scope } from './scope.ts';
import { readServerMac } from './server-mac.ts';
import type { StateDirectory } from './state-directory.ts';
import type { ServiceEnvironment } from './switch-service.ts';

/** A DHCP server and its memory. */
export interface DhcpServiceOptions {
  /** What is served, and to whom. */
  readonly served: Omit<DhcpOptions, 'serverMac'>;
  /** Keeps the server's MAC address and, in `leases`, the leases. */
  readonly state: StateDirectory;
}

/**
 * Puts a DHCP server into the switch, with its leases on disk; it ends with `scope`. Throws EtherloomError: what `dhcpConfig`,
 * `readServerMac` and `LeaseJournal.open` throw.
 */
export async function openDhcpService(
  { served, state }: DhcpServiceOptions,
  plane: DataPlane,
  { clock, random, log }: ServiceEnvironment,
  scope: Scope,
): Promise<DhcpServer> {
  const config = dhcpConfig({ ...served, serverMac: await readServerMac(state, random) });
  const directory = state.in('leases');
  const journal = scope.use(await LeaseJournal.open({ directory, lock: lockFile, report: log.warn, batch: plane.breath }));
  const send = plane.addStation((frame, ingress) => server.receive(frame, ingress));
  const server = scope.use(
    new DhcpServer({
      config,
      clock,
      bridge: { send, breath: plane.breath, portOf: (mac) => plane.switch.station(vid(config.vid), mac)?.port },
      store: journal,
      records: journal.records(),
      event: (event) => report(event, log),
    }),
  );
  const [text, address] = [formatIpv4Network(config.network), formatIpv4(config.serverAddress)];
  log(`serving ${text} by DHCP from ${address}; leases are kept in ${directory}`, { event: 'dhcp', network: text, address, directory });
  plane.observe = (ingress, vlan, frame) => server.observe(ingress, vlan, frame);
  scope.use(
    plane.ports.observe(({ kind, port }) => {
      if (kind === 'emptied') server.portClosed(port);
    }),
  );
  return server;
}

/** Renewals and the like are of no interest one by one. */
const quiet: ReadonlySet<DhcpEvent['type']> = new Set(['lease-offered', 'lease-renewed', 'dropped']);

/** What somebody should look at. */
const grave: ReadonlySet<DhcpEvent['type']> = new Set([
  'lease-declined',
  'conflict',
  'nak',
  'duplicate-client',
  'address-claimer',
  'lease-reclaimed',
  'store-failed',
]);

function report(event: DhcpEvent, log: Log): void {
  if (quiet.has(event.type)) return;
  const { type, ...rest } = event;
  const fields: Record<string, unknown> = { event: type, ...rest };
  if ('mac' in event) fields['mac'] = formatMac(event.mac);
  if ('address' in event) fields['address'] = formatIpv4(event.address);
  if ('holder' in event && event.holder !== undefined) fields['holder'] = formatMac(event.holder);
  if ('twin' in event) fields['twin'] = formatMac(event.twin);
  (grave.has(event.type) ? log.warn : log)(text(event), fields);
}

function text(event: DhcpEvent): string {
  switch (event.type) {
    case 'store-failed':
      return `leases cannot be kept: ${event.error}; new clients get no lease until this works again, clients with a lease keep theirs`;
    case 'store-recovered':
      return 'leases can be kept again';
    case 'nak':
      return `refused ${formatMac(event.mac)} what it asked for: ${event.reason}`;
    case 'duplicate-client':
      return `${formatMac(event.mac)} and ${formatMac(event.twin)} say that they are one client; each has its own lease`;
    case 'conflict':
      return `${formatMac(event.mac)} uses ${formatIpv4(event.address)}, which is not its own`;
    case 'address-claimer':
      return `${formatMac(event.mac)} on port ${event.ingress} claims many addresses that are not its own, and is not believed; find out what answers ARP there`;
    case 'lease-reclaimed':
      return `${formatIpv4(event.address)} of ${formatMac(event.mac)}, whose port is closed, is given to another client: no other address is free`;
    case 'dropped':
      return `no answer to ${formatMac(event.mac)}: ${event.reason}`;
    default:
      return `${event.type} ${formatIpv4(event.address)} ${formatMac(event.mac)}`;
  }
}
