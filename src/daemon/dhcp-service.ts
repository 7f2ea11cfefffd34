import { dhcpConfig, mtuBounds, type DhcpOptions } from '../dhcp/config.ts';
import { LeaseJournal } from '../dhcp/disk/lease-journal.ts';
import { DhcpServer } from '../dhcp/server.ts';
import { Feed } from '../feed.ts';
import type { LeaseEvent } from '../management/parts/dhcp.ts';
import { lockFile } from '../system/file-lock.ts';
import { vid } from '../wire/dot1q.ts';
import { formatIpv4, formatIpv4Network } from '../wire/ipv4.ts';
import { dhcpLog } from './dhcp-log.ts';
import { leaseEvent, ServedDhcp } from './dhcp-part.ts';
import type { ManagedSwitch } from './managed-switch.ts';
import type { Scope } from './scope.ts';
import { mtuOfVlan } from './segment-mtu.ts';
import { readServerMac } from './server-mac.ts';
import type { StateDirectory } from './state-directory.ts';
import type { ServiceEnvironment } from './switch-service.ts';

/** The network of a DHCP server, and its storage. */
export interface DhcpServiceOptions {
  /** The settings of the server. */
  readonly served: Omit<DhcpOptions, 'serverMac' | 'mtu'>;
  /** The MTU of the network, in octets. Default: the least of the ports in its VLAN, at the time of each reply. */
  readonly mtu?: number | undefined;
  /** The directory of the server's MAC address and, in `leases`, of the leases. */
  readonly state: StateDirectory;
}

/**
 * Opens a DHCP server in the switch, with its leases on disk and a menu on the console. It ends with `scope`. Throws the EtherloomErrors of
 * `dhcpConfig`, `readServerMac` and `LeaseJournal.open`.
 */
export async function openDhcpService(
  { served, mtu, state }: DhcpServiceOptions,
  managed: ManagedSwitch,
  { clock, random, log }: ServiceEnvironment,
  scope: Scope,
): Promise<DhcpServer> {
  const { plane } = managed.service;
  const leastMtu = (): number => Math.max(mtuBounds.least, mtuOfVlan(plane, vid(config.vid)));
  const config = dhcpConfig({ ...served, mtu: mtu ?? leastMtu, serverMac: await readServerMac(state, random) });
  const directory = state.in('leases');
  // Polling for frames meanwhile would only take the processor from the thread that writes.
  const writing = plane.environment.loop.sleepAtOnce;
  const journal = scope.use(await LeaseJournal.open({ directory, lock: lockFile, report: log.warn, batch: plane.breath, writing }));
  const send = plane.stations.add({
    vlans: [vid(config.vid)],
    receive: (frame, ingress) => server.receive(frame, ingress),
    observe: (ingress, vlan, frame) => server.observe(ingress, vlan, frame),
  });
  scope.use(plane.switch.senders.reserve({ vid: vid(config.vid), address: config.serverAddress, mac: config.serverMac }));
  const toLog = dhcpLog(clock, log);
  const events = new Feed<LeaseEvent>();
  const server = scope.use(
    new DhcpServer({
      config,
      clock,
      bridge: { send, breath: plane.breath, portOf: (mac) => plane.switch.station(vid(config.vid), mac)?.port },
      store: journal,
      records: journal.records(),
      event: (event) => {
        toLog(event);
        if (events.wanted) events.emit(leaseEvent(event));
      },
    }),
  );
  const [text, address] = [formatIpv4Network(config.network), formatIpv4(config.serverAddress)];
  log(`serving ${text} by DHCP from ${address}; leases are kept in ${directory}`, { event: 'dhcp', network: text, address, directory });
  scope.use(
    plane.ports.changes.subscribe(({ kind, port }) => {
      if (kind === 'emptied') server.portClosed(port);
    }),
  );
  scope.use(managed.management.addDhcp(new ServedDhcp({ config, server, clock, events })));
  return server;
}
