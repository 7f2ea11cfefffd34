import { dhcpConfig, type DhcpConfig, type DhcpOptions } from '../dhcp/config.ts';
import type { DhcpEvent } from '../dhcp/events.ts';
import type { Lease } from '../dhcp/leases.ts';
import { DhcpServer } from '../dhcp/server.ts';
import type { Speak } from '../plane/stations.ts';
import { EtherloomError } from '../errors.ts';
import { contains, formatIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Fabric } from './fabric.ts';
import type { LabSwitch, Resident } from './lab-switch.ts';
import { MemoryLeaseStore } from './memory-lease-store.ts';
import { readIpv4Text, readMacText, readNetworkText, serverMac } from './names.ts';
import { checkNumber, vlanOf } from './numbers.ts';
import type { Wording } from './words.ts';

/** The options of the production server that the lab passes on unchanged. */
type ServerOption =
  | 'leaseTime'
  | 'minLeaseTime'
  | 'maxLeaseTime'
  | 'offerTime'
  | 'declineTime'
  | 'orphanTime'
  | 'domain'
  | 'mtu'
  | 'authoritative'
  | 'maxLeases'
  | 'maxPortLeases'
  | 'maxPortOffers'
  | 'leasePerMac'
  | 'bootp'
  | 'laxChecksum'
  | 'probe';

/** The options of a DHCP server of the lab; their defaults are those of the production server, except for the ones named here. */
export interface LabDhcpOptions extends Pick<DhcpOptions, ServerOption> {
  /** Default: `10.0.0.0/8`, which is also the network of hosts with static addresses. */
  readonly network?: string;
  /** The server's own address. Default: `10.77.0.1`. */
  readonly address?: string;
  /** The first and the last address for clients, as `10.77.0.10-10.77.0.99`. Default: `10.77.0.10-10.77.255.254`. */
  readonly range?: string;
  /** The VLAN that is served. Default: 0, which has no tags. */
  readonly vlan?: number;
  /** The router of the network. Default: none. */
  readonly router?: string;
  /** DNS servers. Default: none. */
  readonly dns?: readonly string[];
  /** Addresses that only one station gets, each as `02:00:00:00:00:01=10.77.0.5`. Default: none. */
  readonly reserve?: readonly string[];
  /** The time to store a lease, in milliseconds. A lease that is not stored when the switch crashes is lost. Default: 0. */
  readonly diskLatency?: number;
}

/** The number of events that are remembered: the last ones. */
const maxEvents = 10_000;
/** The most events of one client that explain a failure. */
const witnessed = 3;

/** The production DHCP server in a switch. Its leases outlive a crash of that switch. */
export class LabDhcp {
  /** The store of the leases. */
  readonly disk: MemoryLeaseStore;
  readonly #at: LabSwitch;
  readonly #number: number;
  readonly #fabric: Fabric;
  readonly #config: DhcpConfig;
  readonly #events: DhcpEvent[] = [];
  #server: DhcpServer | undefined;

  /**
   * Adds the server with that number to the switch, beside other servers. Throws EtherloomError('bad-option' or 'bad-address') with the
   * mistake.
   */
  constructor(at: LabSwitch, number: number, options: LabDhcpOptions, fabric: Fabric, others: readonly LabDhcp[]) {
    this.#at = at;
    this.#number = number;
    this.#fabric = fabric;
    this.#config = configOf(serverMac(number), options);
    const twin = others.find((other) => other.at === at && other.vlan === this.vlan && other.address === this.address);
    if (twin) {
      const text = formatIpv4(this.address);
      throw new EtherloomError(
        'bad-option',
        `${at.name} has a DHCP server with the address ${text} already; give this one another { address }`,
      );
    }
    const { diskLatency = 0 } = options;
    checkNumber('the latency of a disk', diskLatency);
    this.disk = new MemoryLeaseStore(fabric.timeline, diskLatency);
    at.house([vid(this.#config.vid)], (speak) => this.#open(at, speak));
    fabric.witnesses.push((mac) => this.#toldOf(mac).map((text) => `the DHCP server of ${at.name} reported: ${text}`));
  }

  /** The VLAN that it serves. */
  get vlan(): number {
    return this.#config.vid;
  }

  /** The switch that it is in. */
  get at(): LabSwitch {
    return this.#at;
  }

  /** The server; undefined while its switch is down. */
  get server(): DhcpServer | undefined {
    return this.#server;
  }

  /** The source address of its frames. */
  get mac(): MacAddress {
    return this.#config.serverMac;
  }

  /** The server's own address. */
  get address(): Ipv4Address {
    return this.#config.serverAddress;
  }

  /** The present leases: addresses that are not simply free. */
  get leases(): readonly Lease[] {
    return [...(this.#server?.leases() ?? [])];
  }

  /** The last events of the server since the network began. */
  get events(): readonly DhcpEvent[] {
    return this.#events;
  }

  /** Makes writes to its disk fail until disposed. */
  fillDisk(): Disposable {
    return this.#fabric.fault(
      () => `full-disk ${this.#number}`,
      () => {
        this.disk.failing = true;
        return { [Symbol.dispose]: () => void (this.disk.failing = false) };
      },
    );
  }

  #toldOf(mac: MacAddress): string[] {
    const last = this.#events.filter((event) => 'mac' in event && event.mac === mac).slice(-witnessed);
    return last.map((event) => ('reason' in event ? `${event.type} (${event.reason})` : event.type));
  }

  #open(at: LabSwitch, send: Speak): Resident {
    const server = new DhcpServer({
      config: this.#config,
      clock: at.clock,
      bridge: { send, breath: at.breath, portOf: (mac) => at.switch.station(vid(this.vlan), mac)?.port },
      store: this.disk,
      records: this.disk.records(),
      event: (event) => this.#note(event),
    });
    this.#server = server;
    const { vid: vlan, serverAddress: address, serverMac } = this.#config;
    const reserved = at.switch.senders.reserve({ vid: vid(vlan), address, mac: serverMac });
    return {
      receive: (frame, ingress) => server.receive(frame, ingress),
      observe: (ingress, vlan, frame) => server.observe(ingress, vlan, frame),
      portClosed: (port) => server.portClosed(port),
      [Symbol.dispose]: () => {
        this.#server = undefined;
        reserved[Symbol.dispose]();
        this.disk.crash();
        server[Symbol.dispose]();
      },
    };
  }

  #note(event: DhcpEvent): void {
    if (this.#events.length >= maxEvents) this.#events.splice(0, maxEvents / 2);
    this.#events.push(event);
  }
}

function configOf(mac: MacAddress, options: LabDhcpOptions): DhcpConfig {
  const {
    network: networkText = '10.0.0.0/8',
    address = '10.77.0.1',
    range = '10.77.0.10-10.77.255.254',
    vlan = 0,
    router,
    dns = [],
    reserve = [],
    ...server
  } = options;
  const network = readNetworkText(networkText);
  const [start = '', end = ''] = range.split('-');
  const reserved = new Map(reserve.map(readReservation));
  const taken = new Set(reserved.values());
  for (const one of taken) {
    if (!contains(network, one))
      throw new EtherloomError('bad-option', `a reserved address is outside ${networkText}; reserve addresses of that network`);
  }
  return dhcpConfig({
    ...server,
    network,
    serverAddress: readIpv4Text(address),
    serverMac: mac,
    vid: vlanOf(vlan),
    ranges: [{ start: readIpv4Text(start), end: readIpv4Text(end) }],
    dns: dns.map(readIpv4Text),
    ...(router === undefined ? {} : { router: readIpv4Text(router) }),
    reserved: (one) => reserved.get(one),
    isReserved: (one) => taken.has(one),
  });
}

function readReservation(text: string): readonly [MacAddress, Ipv4Address] {
  const [mac = '', address = ''] = text.split('=');
  return [readMacText(mac), readIpv4Text(address)];
}

/** The options of a DHCP server. */
export const dhcpWords = {
  network: 'text',
  address: 'text',
  range: 'text',
  vlan: 'number',
  reserve: 'texts',
  diskLatency: 'number',
  router: 'text',
  dns: 'texts',
  domain: 'text',
  mtu: 'number',
  leaseTime: 'number',
  minLeaseTime: 'number',
  maxLeaseTime: 'number',
  offerTime: 'number',
  declineTime: 'number',
  orphanTime: 'number',
  maxLeases: 'number',
  maxPortLeases: 'number',
  maxPortOffers: 'number',
  authoritative: 'flag',
  leasePerMac: 'flag',
  bootp: 'flag',
  laxChecksum: 'flag',
  probe: 'flag',
} as const satisfies Wording<LabDhcpOptions>;
