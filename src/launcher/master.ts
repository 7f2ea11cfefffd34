import type { DataPlane } from '../daemon/data-plane.ts';
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
import { AddressPlan } from '../star/address-plan.ts';
import { checkPorts } from '../star/control-port.ts';
import { guestName, macOfId, masterId, type NodeId } from '../star/identity.ts';
import { anyOf, memberPolicy } from '../star/member-policy.ts';
import { chooseNetwork } from '../star/node/free-network.ts';
import type { TokenWish } from '../star/master-tokens.ts';
import type { SenderPolicy } from '../switch/sender-policy.ts';
import { broadcastOf, formatIpv4, ipv4FromNumber, netmask, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { GroupMaster, type GroupMasterOptions, type GroupMasterParts } from './group-master.ts';
import type { Card } from './guest/attachment.ts';
import { MasterGroup } from './master-group.ts';
import { checkGuest, NodeGuest, type GuestWish, type NodeGuestOptions } from './node-guest.ts';
import { tellMaster, type TellStanding } from './node-standing.ts';
import { openOwnCard, type CardWish } from './own-card.ts';
import { PlainGuards } from './plain-guards.ts';
import { RefusalLog } from './refusal-log.ts';
import { StarLinks } from './star-links.ts';
import { MasterNode } from './star-nodes.ts';

/** The port of a master, unless the user chooses another. */
export const defaultPort = 7378;

/** All addresses of this machine. Where it has no IPv6, the door listens on those of IPv4. */
const defaultListen: TcpAddress = { host: '::', port: defaultPort };

/** The most ports of a switch that are links of members. */
const mostMembers = 16_384;

/** The settings of a master. */
export interface MasterOptions extends Omit<NetworkOptions, 'network'>, Omit<GroupMasterOptions, 'listen' | 'domain'> {
  /** The address for slaves. Port 0 means a free one. Default: all addresses, port 7378. */
  readonly listen?: TcpAddress | undefined;
  /** The network to serve. Default: a free one, which is kept in the state. */
  readonly network?: Ipv4Network | undefined;
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
  readonly reservations: ReadonlyMap<NodeId, Ipv4Address>;
  /** The members behind which DHCP servers may answer. Default: none. */
  readonly trustDhcp?: readonly NodeId[] | undefined;
  /** The members behind which bridges and routers may be: see TrustedMembers. Default: none. */
  readonly openMembers?: readonly NodeId[] | undefined;
  /** False to bring no slaves together that could link directly. Default: true. */
  readonly shortcuts?: boolean | undefined;
  /** The backlog limits for peers of the switch that do not read. */
  readonly backlog?: BacklogBounds | undefined;
  /** The management of the switch. Default: none. */
  readonly management?: SwitchManagement | undefined;
}

/** The environment of every role of the star. */
export interface NodeEnvironment extends ServiceEnvironment, Pick<ServeContext, 'signal' | 'end'> {
  /** Told of the node's standing in its group. Default: no callback. */
  readonly standing?: TellStanding | undefined;
}

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
  readonly #group: GroupMaster;
  readonly #scope: Scope;

  private constructor(sock: string, group: GroupMaster, card: Card | undefined, scope: Scope) {
    this.sock = sock;
    this.link = group.door.address;
    this.control = group.control;
    this.card = card;
    this.#group = group;
    this.#scope = scope;
  }

  /** Opens all parts. Throws EtherloomError if one of them cannot be opened; the others are then closed. */
  static open(given: MasterOptions, environment: NodeEnvironment): Promise<Master> {
    return inScope(async (scope) => {
      await checkGuest(given.guest);
      const state = scope.use(StateDirectory.open(given.state));
      const asked = { ...given, network: await chooseNetwork(state, given.network, environment.random) };
      const { network, gateway } = given.gateway ? planGateway(asked, given.gateway) : { network: {}, gateway: undefined };
      const options = { ...asked, listen: given.listen ?? defaultListen, ...network };
      const { sock, ports, backlog, management, mtu = segmentMtu } = options;
      checkMtu(options, environment.log);
      checkPorts(options.listen.port, options.controlPort, options.slavePorts);
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
      const { clock, random, log, signal, end, standing } = environment;
      // The addresses are planned before the group is known.
      const known: { group?: GroupMaster } = {};
      const plan = new AddressPlan(options, options.reservations, (id) => known.group?.engine.has(id) === true);
      const trusted = { dhcp: new Set(options.trustDhcp), open: new Set(options.openMembers) };
      const links = new StarLinks(plane, clock, (id) => memberPolicy(id, plan, trusted));
      // One lease per MAC address, because a guest boots in stages and must have the same address in each.
      const served = { ...plan.dhcp, leasePerMac: true };
      if (options.dhcp) await openDhcpService({ served, mtu: options.mtu, state }, managed, environment, scope);
      if (gateway) await openGateway(gateway, plane);
      const terms: GroupMasterParts['terms'] = (id) => ({ mac: macOfId(id), address: plan.addressOf(id), network: options.network, mtu });
      const group = scope.use(
        await GroupMaster.open(options, {
          state,
          acceptor: links,
          terms,
          shortcuts: options.shortcuts === false ? undefined : shortcutSources(options, { plane, plan, links }),
          environment: { ...plane.environment, random },
        }),
      );
      known.group = group;
      const { engine, door } = group;
      const policiesOf = (ids: readonly NodeId[]): SenderPolicy => anyOf(ids.map((id) => memberPolicy(id, plan, trusted)));
      scope.use(
        new PlainGuards({ engine, changes: door.plainChanges, guard: (port, ids) => links.guardPlain(port, ids, policiesOf(ids)) }),
      );
      scope.use(new RefusalLog({ links, nameOf: (id) => engine.members().find((one) => one.id === id)?.name, clock, log }));
      if (standing) scope.use(tellMaster(group, clock, standing));
      const guest = scope.use(new NodeGuest({ plane, log, signal }));
      scope.use(managed.management.addStar(new MasterNode({ network: options.network, plan, group, links, guest, clock })));
      scope.use(managed.management.addGroup(scope.use(new MasterGroup({ group, links, guest, clock, end }))));
      scope.use(managed.management.faces);
      if (options.guest) await guest.start({ ...guestOf(options, plan), wish: options.guest, directory, state });
      const own = { ...options.card, mac: macOfId(masterId), mtu, directory, state: state.path };
      const card = options.guest ? undefined : await openOwnCard(own, plane, scope);
      return new Master(directory, group, card, scope);
    });
  }

  /** True if the group has just begun. */
  get isNew(): boolean {
    return this.#group.engine.isNew;
  }

  /** True if the group was ended at an earlier start: hosts that come are told so, and none joins. */
  get hasEnded(): boolean {
    return this.#group.engine.group?.ended !== undefined;
  }

  /** Makes a token, and returns the lines to join by, one for each address. Rejects with EtherloomError for an impossible wish. */
  async newLines(wish?: TokenWish): Promise<readonly string[]> {
    return (await this.#group.newLines(wish)).lines;
  }

  /** Bars the key of a member, and revokes its token. Rejects with EtherloomError('bad-option') if there is no such member. */
  async kick(id: NodeId): Promise<void> {
    await this.#group.engine.kick(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Throws EtherloomError('bad-option') if links do not carry the network's MTU. Logs a warning about other ports that do not. */
function checkMtu({ mtu = segmentMtu, linkMtu }: Pick<MasterOptions, 'mtu' | 'linkMtu'>, log: Log): void {
  const { untagged, tagged } = frameOverhead;
  if (linkMtu !== undefined && mtu + untagged > linkMtu + tagged) {
    throw new EtherloomError('bad-option', `--mtu ${mtu} is more than links carry; raise --link-mtu, or lower --mtu`);
  }
  warnOfLargeMtu(mtu, log);
}

/** Returns the knowledge by which slaves are brought together: where stations are, and the rules for frames from members. */
function shortcutSources(
  { trustDhcp = [], openMembers = [] }: Pick<MasterOptions, 'trustDhcp' | 'openMembers'>,
  { plane, plan, links }: { readonly plane: DataPlane; readonly plan: AddressPlan; readonly links: StarLinks },
): NonNullable<GroupMasterParts['shortcuts']> {
  const { switch: bridge } = plane;
  return {
    whereIs({ vid, mac }) {
      const port = bridge.station(vid, mac)?.port;
      return port === undefined ? undefined : links.memberAt(port);
    },
    rules: () => ({ ...plan.told, ...bridge.senders.owned, trustDhcp, open: openMembers }),
  };
}

/** Returns the number of ports: one for each link, and the default number for clients of the switch's directory. */
function numportsFor({ maxLinks = 256, slavePorts }: MasterOptions): number {
  return 1024 + mostMembers + maxLinks * (1 + slavePorts.size);
}

/** Returns the options of the master's own guest. The guest is a client of the DHCP server; if there is none, the guest is the server. */
function guestOf(
  { network, dhcp, mtu = segmentMtu }: Pick<MasterOptions, 'dhcp' | 'mtu'> & { readonly network: Ipv4Network },
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
