import type { DataPlane } from '../daemon/data-plane.ts';
import { openDhcpService } from '../daemon/dhcp-service.ts';
import { openGateway, planGateway, type GatewayWish } from '../daemon/gateway.ts';
import { serverAddress, type NetworkOptions } from '../daemon/network-plan.ts';
import { frameOverhead, segmentMtu, warnOfLargeMtu } from '../daemon/segment-mtu.ts';
import type { Log } from '../log.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { ManagedSwitch, type SwitchManagement } from '../daemon/managed-switch.ts';
import type { ServeContext } from '../daemon/serve.ts';
import type { ServiceEnvironment, SwitchService } from '../daemon/switch-service.ts';
import { EtherloomError, SystemError } from '../errors.ts';
import type { BacklogBounds } from '../ports/backlog.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import type { StreamListener } from '../ports/stream/stream-listener.ts';
import { listenTcp } from '../ports/tcp.ts';
import { broadcastOf, formatIpv4, ipv4FromNumber, netmask, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { AddressPlan } from '../star/address-plan.ts';
import { checkPorts, controlPortOf } from '../star/control-port.ts';
import { guestName, macOfId, masterId, type NodeId } from '../star/identity.ts';
import type { Hello, JoinRefusal, Welcome } from '../star/join-messages.ts';
import { JoinServer } from '../star/join-server.ts';
import { checkGuest, openNodeGuest, type GuestWish } from './node-guest.ts';
import { assignId, decodeRoster, encodeRoster, type Assignment, type Roster } from '../star/roster.ts';
import { StateDirectory } from '../daemon/state-directory.ts';

/** The settings of a master. */
export interface MasterOptions extends NetworkOptions {
  /** The link address for slaves. The control port is the one above it, unless `controlPort` is given. Port 0 means any free pair. */
  readonly listen: TcpAddress;
  readonly controlPort?: number | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly state: string;
  readonly guest?: GuestWish | undefined;
  /** The gateway to the Internet; only with `dhcp`. Default: none. */
  readonly gateway?: GatewayWish | undefined;
  /** True if the master serves addresses itself. Otherwise its guest does, if it has one. */
  readonly dhcp: boolean;
  /** Additional link ports for single slaves. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  readonly reservations: ReadonlyMap<NodeId, Ipv4Address>;
  /** Default: 256. */
  readonly maxLinks?: number;
  /** The largest MTU on links, in octets. Default: as much as links can carry. */
  readonly linkMtu?: number;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

/** The environment of every role of the star. */
export interface NodeEnvironment extends ServiceEnvironment, Pick<ServeContext, 'signal' | 'end'> {}

const rosterFile = 'roster.json';

/** The master of a star: its switch with a DHCP server, the listening side of the links, the roster, and its own guest. */
export class Master implements AsyncDisposable {
  /** The switch's directory. */
  readonly sock: string;
  /** The link address for slaves. */
  readonly link: string;
  /** The control address for slaves. */
  readonly control: string;
  readonly #scope: Scope;

  private constructor(sock: string, link: string, control: string, scope: Scope) {
    this.sock = sock;
    this.link = link;
    this.control = control;
    this.#scope = scope;
  }

  /** Opens all parts. Throws EtherloomError if a part cannot be opened; then no part stays open. */
  static open(given: MasterOptions, environment: NodeEnvironment): Promise<Master> {
    return inScope(async (scope) => {
      const { network, gateway } = given.gateway ? planGateway(given, given.gateway) : { network: {}, gateway: undefined };
      const options = { ...given, ...network };
      const { sock, backlog, management } = options;
      checkMtu(options, environment.log);
      checkPorts(options.listen.port, options.controlPort, options.slavePorts);
      await checkGuest(options.guest);
      const state = scope.use(StateDirectory.open(options.state));
      const members = new Members(state, options);
      const switchOptions = {
        ...management,
        ...{ directory: sock, trunk: true, numports: numportsFor(options), stationName: guestName, backlog },
      };
      const managed = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
      const { service } = managed;
      const { plane } = service;
      // A guest boots in stages, and must have the same address in all of them.
      if (options.dhcp) await openDhcpService({ served: { ...members.plan.dhcp, leasePerMac: true }, state }, managed, environment, scope);
      if (gateway) await openGateway(gateway, plane);
      const links = await openLinks(options, plane, members, environment, scope);
      if (options.guest) await openMasterGuest(options, options.guest, service, state, members, environment, scope);
      return new Master(service.directory, links.link, links.control, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Throws EtherloomError('bad-option') if links do not carry the network's MTU, and warns of ports that do not. */
function checkMtu({ mtu = segmentMtu, linkMtu }: MasterOptions, log: Log): void {
  const { untagged, tagged } = frameOverhead;
  if (linkMtu !== undefined && mtu + untagged > linkMtu + tagged) {
    throw new EtherloomError('bad-option', `--mtu ${mtu} is more than links carry; raise --link-mtu, or lower --mtu`);
  }
  warnOfLargeMtu(mtu, log);
}

/** Returns the number of ports: one for every link, and the default number for clients of the switch's own directory. */
function numportsFor({ maxLinks = 256, slavePorts }: MasterOptions): number {
  return 1024 + maxLinks * (1 + slavePorts.size);
}

/** The nodes of the star, and their settings. */
class Members {
  readonly plan: AddressPlan;
  readonly #state: StateDirectory;
  readonly #slavePorts: ReadonlyMap<NodeId, number>;
  readonly #network: Ipv4Network;
  readonly #mtu: number;
  linkPort = 0;
  #roster: Roster;
  /** Resolves when the roster is not being written. */
  #enrolled: Promise<unknown> = Promise.resolve();

  constructor(state: StateDirectory, options: MasterOptions) {
    const { network, reservations, slavePorts, mtu = segmentMtu } = options;
    this.#network = network;
    this.#mtu = mtu;
    this.#state = state;
    this.#slavePorts = slavePorts;
    this.#roster = readRoster(state);
    this.plan = new AddressPlan(options, reservations, () => this.#roster.values());
  }

  /**
   * Accepts or refuses a slave. Its id is on the disk before the slave learns it. Rejects with the system's error if the id cannot be
   * written.
   */
  async welcome(hello: Hello): Promise<Welcome | JoinRefusal> {
    const assignment = this.#assign(hello);
    if ('refusal' in assignment) return refusal(assignment);
    return assignment.roster === this.#roster ? this.#welcome(assignment.id) : this.#enroll(hello);
  }

  #assign({ key, demanded, last }: Hello): Assignment {
    return assignId(this.#roster, key, { demanded, last });
  }

  /** Enrols one slave after the other: an id that is being written is neither free nor assigned. */
  #enroll(hello: Hello): Promise<Welcome | JoinRefusal> {
    const enrolled = this.#enrolled.then(async () => {
      const assignment = this.#assign(hello);
      if ('refusal' in assignment) return refusal(assignment);
      const { roster, id } = assignment;
      if (roster !== this.#roster) await this.#state.write(rosterFile, encodeRoster(roster));
      this.#roster = roster;
      return this.#welcome(id);
    });
    this.#enrolled = enrolled.catch(() => undefined);
    return enrolled;
  }

  #welcome(id: NodeId): Welcome {
    return {
      type: 'welcome',
      id,
      mac: macOfId(id),
      address: this.plan.addressOf(id),
      network: this.#network,
      mtu: this.#mtu,
      linkPort: this.#slavePorts.get(id) ?? this.linkPort,
    };
  }
}

function refusal({ refusal: reason }: { readonly refusal: string }): JoinRefusal {
  return { type: 'refusal', reason, retry: false };
}

async function openLinks(
  options: MasterOptions,
  plane: DataPlane,
  members: Members,
  environment: NodeEnvironment,
  scope: Scope,
): Promise<{ link: string; control: string }> {
  const { listen, controlPort, slavePorts, maxLinks, linkMtu } = options;
  const limits = { ...(maxLinks !== undefined && { maxLinks }), ...(linkMtu !== undefined && { maxFrame: linkMtu + 18 }) };
  const openLink = (port: number): Promise<StreamListener> =>
    listenTcp({ listen: { host: listen.host, port }, acceptor: plane, ...limits }, plane.environment);
  const openControl = (port: number): Promise<JoinServer> =>
    JoinServer.open(
      {
        listen: { host: listen.host, port },
        welcome: (hello) => members.welcome(hello),
        ...(maxLinks !== undefined && { maxConnections: maxLinks }),
      },
      environment,
    );
  const { link, control } = await openPair(listen.port, controlPort, openLink, openControl);
  scope.use(link);
  scope.use(control);
  members.linkPort = link.port;
  for (const [id, port] of slavePorts) {
    const { address } = scope.use(await openLink(port));
    environment.log(`slave ${id} may link at ${address}`, { event: 'slave-port', id, address });
  }
  return { link: link.address, control: control.address };
}

/** Opens the link port and the control port above it. If any port will do, tries until a free pair is found. */
async function openPair(
  port: number,
  controlPort: number | undefined,
  openLink: (port: number) => Promise<StreamListener>,
  openControl: (port: number) => Promise<JoinServer>,
): Promise<{ link: StreamListener; control: JoinServer }> {
  for (let attempt = 0; ; attempt++) {
    const link = await openLink(port);
    try {
      return { link, control: await openControl(controlPortOf(link.port, controlPort)) };
    } catch (error) {
      await link[Symbol.asyncDispose]();
      const inUse = error instanceof SystemError && error.errno === 'EADDRINUSE';
      if (!inUse || port !== 0 || controlPort !== undefined || attempt === 20) throw error;
    }
  }
}

async function openMasterGuest(
  options: MasterOptions,
  wish: GuestWish,
  service: SwitchService,
  state: StateDirectory,
  members: Members,
  { log, signal }: NodeEnvironment,
  scope: Scope,
): Promise<void> {
  const { network, dhcp, mtu = segmentMtu } = options;
  const extraWords = {
    g_address: formatIpv4(serverAddress(network)),
    g_netmask: formatIpv4(netmask(network)),
    g_mtu: String(mtu),
    g_start: formatIpv4(members.plan.addressOf(masterId) ?? ipv4FromNumber(network.address + 2)),
    g_end: formatIpv4(ipv4FromNumber(broadcastOf(network) - 1)),
  };
  await openNodeGuest(
    {
      ...{ wish, state, id: masterId, mac: macOfId(masterId), mtu, directory: service.directory },
      ...(dhcp ? { mode: 'client' } : { mode: 'server', extraWords }),
    },
    ...[service.plane, log, signal, scope],
  );
}

function readRoster(state: StateDirectory): Roster {
  const text = state.read(rosterFile);
  if (text === undefined) return new Map();
  const roster = decodeRoster(text);
  if (roster) return roster;
  throw new EtherloomError('bad-state', `${state.in(rosterFile)} is damaged; repair it, or move it away and let all slaves join again`);
}
