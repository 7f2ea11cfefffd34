import { openDhcpService } from '../daemon/dhcp-service.ts';
import { openGateway, planGateway, type GatewayWish } from '../daemon/gateway.ts';
import { ManagedSwitch, type SwitchManagement } from '../daemon/managed-switch.ts';
import { serverAddress, type NetworkOptions } from '../dhcp/network-plan.ts';
import { inScope, type Scope } from '../daemon/scope.ts';
import { frameOverhead, segmentMtu, warnOfLargeMtu } from '../daemon/segment-mtu.ts';
import type { ServeContext } from '../daemon/serve.ts';
import { StateDirectory } from '../daemon/state-directory.ts';
import type { ServiceEnvironment } from '../daemon/switch-service.ts';
import { EtherloomError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BacklogBounds } from '../ports/pure/backlog.ts';
import type { TcpAddress } from '../ports/tcp-address.ts';
import type { AddressPlan } from '../star/address-plan.ts';
import { checkPorts } from '../star/control-port.ts';
import { guestName, macOfId, masterId, type NodeId } from '../star/identity.ts';
import { Members } from '../star/members.ts';
import { broadcastOf, formatIpv4, ipv4FromNumber, netmask, type Ipv4Address } from '../wire/ipv4.ts';
import type { Card } from './guest/attachment.ts';
import { checkGuest, NodeGuest, type GuestWish, type NodeGuestOptions } from './node-guest.ts';
import { openOwnCard, type CardWish } from './own-card.ts';
import { openStarDoors, type StarDoorsOptions } from './star-doors.ts';
import { StarLinks } from './star-links.ts';
import { MasterNode } from './star-nodes.ts';

/** The settings of a master. */
export interface MasterOptions extends NetworkOptions {
  /** The link address for slaves. The control port is the next higher one, unless `controlPort` is given. Port 0 means any free pair. */
  readonly listen: TcpAddress;
  readonly controlPort?: number | undefined;
  /** The switch's directory. */
  readonly sock: string;
  readonly state: string;
  /** The addresses of further ports of the switch. Default: none. */
  readonly ports?: readonly string[];
  readonly guest?: GuestWish | undefined;
  /** How a QEMU of the user's own is attached, if there is no guest: see OwnCardOptions. */
  readonly card?: CardWish | undefined;
  /** The gateway to the Internet; only with `dhcp`. Default: none. */
  readonly gateway?: GatewayWish | undefined;
  /** True if the master itself serves addresses. Otherwise its guest does, if there is one. */
  readonly dhcp: boolean;
  /** Additional link ports, each for one slave. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  readonly reservations: ReadonlyMap<NodeId, Ipv4Address>;
  /** The most links. Default: 256. */
  readonly maxLinks?: number;
  /** The largest MTU on links, in octets. Default: as much as links can carry. */
  readonly linkMtu?: number;
  /** How long the far end of a link may be silent before that ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

/** The environment of every role of the star. */
export interface NodeEnvironment extends ServiceEnvironment, Pick<ServeContext, 'signal' | 'end'> {}

/** The master of a star: its switch with a DHCP server, the listening side of the links, the roster, and its own guest. */
export class Master implements AsyncDisposable {
  /** The switch's directory. */
  readonly sock: string;
  /** The link address for slaves. */
  readonly link: string;
  /** The control address for slaves. */
  readonly control: string;
  /** The card for a QEMU of the user's own; undefined with a guest. */
  readonly card: Card | undefined;
  readonly #scope: Scope;

  private constructor(sock: string, link: string, control: string, card: Card | undefined, scope: Scope) {
    this.sock = sock;
    this.link = link;
    this.control = control;
    this.card = card;
    this.#scope = scope;
  }

  /** Opens all parts. Throws EtherloomError if one of them cannot be opened; the others are then closed. */
  static open(given: MasterOptions, environment: NodeEnvironment): Promise<Master> {
    return inScope(async (scope) => {
      const { network, gateway } = given.gateway ? planGateway(given, given.gateway) : { network: {}, gateway: undefined };
      const options = { ...given, ...network };
      const { sock, ports, backlog, management } = options;
      checkMtu(options, environment.log);
      checkPorts(options.listen.port, options.controlPort, options.slavePorts);
      await checkGuest(options.guest);
      const state = scope.use(StateDirectory.open(options.state));
      const members = new Members(state, { ...options, mtu: options.mtu ?? segmentMtu });
      const switchOptions = {
        ...management,
        directory: sock,
        trunk: true,
        numports: numportsFor(options),
        stationName: guestName,
        ports,
        backlog,
      };
      const managed = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
      const { plane, directory } = managed.service;
      const { clock, log, signal } = environment;
      // One lease per MAC address, because a guest boots in stages and must have the same address in each.
      const served = { ...members.plan.dhcp, leasePerMac: true };
      if (options.dhcp) await openDhcpService({ served, mtu: options.mtu, state }, managed, environment, scope);
      if (gateway) await openGateway(gateway, plane);
      const links = new StarLinks(plane, clock);
      const welcome: StarDoorsOptions['welcome'] = (hello, linkPort) => members.welcome(hello, linkPort);
      const doors = await openStarDoors({ ...options, acceptor: links, welcome }, plane.environment, scope);
      const guest = scope.use(new NodeGuest({ plane, log, signal }));
      scope.use(managed.management.addStar(new MasterNode({ network: options.network, members, doors, links, guest, clock })));
      if (options.guest) await guest.start({ ...guestOf(options, members.plan), wish: options.guest, directory, state });
      const own = { ...options.card, mac: macOfId(masterId), mtu: options.mtu ?? segmentMtu, directory, state: state.path };
      const card = options.guest ? undefined : await openOwnCard(own, plane, scope);
      return new Master(directory, doors.link.address, doors.control.address, card, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Throws EtherloomError('bad-option') if links do not carry the network's MTU. Logs a warning about other ports that do not. */
function checkMtu({ mtu = segmentMtu, linkMtu }: MasterOptions, log: Log): void {
  const { untagged, tagged } = frameOverhead;
  if (linkMtu !== undefined && mtu + untagged > linkMtu + tagged) {
    throw new EtherloomError('bad-option', `--mtu ${mtu} is more than links carry; raise --link-mtu, or lower --mtu`);
  }
  warnOfLargeMtu(mtu, log);
}

/** Returns the number of ports: one for each link, and the default number for clients of the switch's directory. */
function numportsFor({ maxLinks = 256, slavePorts }: MasterOptions): number {
  return 1024 + maxLinks * (1 + slavePorts.size);
}

/** Returns the options of the master's own guest. The guest is a client of the DHCP server; if there is none, the guest is the server. */
function guestOf(
  { network, dhcp, mtu = segmentMtu }: MasterOptions,
  plan: AddressPlan,
): Omit<NodeGuestOptions, 'wish' | 'directory' | 'state'> {
  const guest = { id: masterId, mac: macOfId(masterId), mtu };
  if (dhcp) return { ...guest, mode: 'client' };
  const extraWords = {
    g_address: formatIpv4(serverAddress(network)),
    g_netmask: formatIpv4(netmask(network)),
    g_mtu: String(mtu),
    g_start: formatIpv4(plan.addressOf(masterId) ?? ipv4FromNumber(network.address + 2)),
    g_end: formatIpv4(ipv4FromNumber(broadcastOf(network) - 1)),
  };
  return { ...guest, mode: 'server', extraWords };
}
