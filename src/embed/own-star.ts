import { checkPlain, checkPortPlain } from '../daemon/plain.ts';
import { assert, EtherloomError } from '../errors.ts';
import type { NodeId } from '../star/identity.ts';
import { Master } from '../launcher/master.ts';
import { Slave, type SlaveOptions } from '../launcher/slave.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { parseInvitation } from '../star/invitation.ts';
import { addressFromText, networkFromText, settingsFromText, type ServedNetworkOptions } from './network-text.ts';
import { stageOf, type Running, type Surroundings } from './surroundings.ts';

/** The QEMU guest of a node. */
export interface OwnGuestOptions {
  /** The image: DIR of `etherloom guest build DIR`. */
  readonly image: string;
  /** How QEMU runs it. Default: by KVM if this machine has it. */
  readonly accel?: 'auto' | 'tcg' | 'kvm' | undefined;
  /** The memory of the guest, in MiB. Default: 96. */
  readonly memory?: number | undefined;
}

/** The options of every node of a star. */
export interface OwnNodeOptions {
  /** The directory in which clients find the node's switch; its parent must exist. */
  readonly directory: string;
  /** The directory of the state: ids, keys, leases, the guest's record; its parent must exist. */
  readonly state: string;
  /** The guest in front of the switch. Default: none. */
  readonly guest?: OwnGuestOptions | undefined;
  /**
   * Addresses of further ports of the node's switch, as `tcp-listen://127.0.0.1:7100` or `tap://NAME`. One beyond this machine that is not
   * encrypted needs `plain=yes` in its address. Default: none.
   */
  readonly ports?: readonly string[] | undefined;
  /** The path of the console's socket, for `vdecmd -s PATH`. Default: it has no console. */
  readonly console?: string | undefined;
  /** Allows links beyond this machine that are not encrypted, beside those that are. Default: false. */
  readonly plain?: boolean | undefined;
  /** False to let all traffic between slaves go by the master, also if they could link directly. Default: true. */
  readonly shortcuts?: boolean | undefined;
}

/** The master of a star in a program of one's own. */
export interface OwnMasterOptions extends OwnNodeOptions, Omit<ServedNetworkOptions, 'subnet'> {
  /** The address at which slaves join and link, as `127.0.0.1:7000`. Port 0: any free one. Default: all addresses, port 7378. */
  readonly listen?: string | undefined;
  /** The network, as `10.77.0.0/24`. Default: a free one, which is kept in the state. */
  readonly subnet?: string | undefined;
  /** The addresses in the lines to join by, as behind NAT. Default: those of this machine. */
  readonly advertise?: readonly string[] | undefined;
  /** Addresses that are reserved for slaves, by their ids. Default: each has the one that follows from its id. */
  readonly reservations?: Readonly<Record<number, string>> | undefined;
  /** The ids of members behind which DHCP servers may answer. Default: none. */
  readonly trustDhcp?: readonly NodeId[] | undefined;
  /** The ids of members behind which bridges and routers may be, whose frames are not held to the rules of a member. Default: none. */
  readonly openMembers?: readonly NodeId[] | undefined;
}

/** A slave of a star in a program of one's own. */
export interface OwnSlaveOptions extends OwnNodeOptions {
  /** The line by which it joins: one of `newLine`, or of `etherloom token new`. Default: it has joined before. */
  readonly line?: string | undefined;
  /** The address at which a master listens for plain slaves, as `127.0.0.1:7000`: without a line and without encryption. */
  readonly master?: string | undefined;
  /** The id that it demands. Default: the master assigns one. */
  readonly id?: NodeId | undefined;
  /** Keeps the key and the membership in memory only: the line is needed each time. Only with a line. Default: false. */
  readonly ephemeral?: boolean | undefined;
}

/** The bounds of a line to join by. */
export interface OwnLineOptions {
  /** The number of slaves that join by it. Default: 1. */
  readonly uses?: number | 'any' | undefined;
  /** The time until it expires, in seconds. Default: a day. */
  readonly expires?: number | undefined;
  /** True if slaves that join by it are forgotten a minute after they were last seen, as those with `ephemeral` need it. Default: false. */
  readonly ephemeral?: boolean | undefined;
}

/** A master that runs in a program of one's own, until it is disposed. */
export interface OwnMaster extends Running {
  /** The address at which slaves join and link. */
  readonly link: string;
  /** Makes a token, and returns a line by which one slave can join within a day: the `line` of `openSlave`. It is a secret. */
  newLine(options?: OwnLineOptions): Promise<string>;
}

/** A slave that runs in a program of one's own, until it is disposed. */
export interface OwnSlave extends Running {
  /** The id that the master assigned last. */
  readonly id: NodeId;
}

/** Opens a master, for `openMaster` of the door. */
export async function ownMaster(options: OwnMasterOptions, surroundings: Surroundings): Promise<OwnMaster> {
  const { environment, ended } = stageOf(surroundings);
  const {
    directory: sock,
    state,
    guest,
    plain = false,
    reservations = {},
    console: path,
    listen,
    advertise = [],
    subnet,
    ports,
    trustDhcp,
    openMembers,
    shortcuts,
    ...settings
  } = options;
  if (plain) checkPlain(listen === undefined ? { host: '::' } : parseTcpAddress(listen), plain, environment.log.warn, '{ plain: true }');
  const kept = Object.entries(reservations).map(([id, address]) => [Number(id), addressFromText('reservations', address)] as const);
  const opened = await Master.open(
    {
      ...settingsFromText(settings),
      ...(subnet !== undefined && { network: networkFromText({ ...settings, subnet }).network }),
      ...(listen !== undefined && { listen: parseTcpAddress(listen) }),
      advertise: advertise.map((address) => parseTcpAddress(address)),
      plain,
      sock,
      state,
      ports: checkedPorts(ports, environment.log.warn),
      guest,
      trustDhcp,
      openMembers,
      management: managementAt(path),
      dhcp: true,
      shortcuts,
      slavePorts: new Map(),
      reservations: new Map(kept),
    },
    environment,
  );
  return {
    ended,
    directory: opened.sock,
    link: opened.link,
    async newLine({ uses, expires, ephemeral } = {}) {
      const [line] = await opened.newLines({ uses, ephemeral, ...(expires !== undefined && { expiresIn: 1000 * expires }) });
      assert(line !== undefined, 'a master is reached at one address at least');
      return line;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** Opens a slave, for `openSlave` of the door. */
export async function ownSlave(options: OwnSlaveOptions, surroundings: Surroundings): Promise<OwnSlave> {
  const { environment, fail, ended } = stageOf(surroundings);
  const { directory: sock, state, guest, id, ports, shortcuts = true, console: path } = options;
  const { warn } = environment.log;
  const opened = await Slave.open(
    {
      ...wayOf(options, warn),
      sock,
      state,
      ports: checkedPorts(ports, warn),
      guest,
      id,
      shortcuts: shortcuts ? {} : undefined,
      management: managementAt(path),
    },
    environment,
    fail,
  );
  return {
    ended,
    directory: opened.sock,
    get id() {
      return opened.id;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** Returns how a slave reaches its master. */
function wayOf(
  { line, master, ephemeral = false, plain = false }: OwnSlaveOptions,
  warn: (message: string) => void,
): Pick<SlaveOptions, 'join' | 'plain'> {
  if (ephemeral && line === undefined)
    throw new EtherloomError('bad-option', 'a slave with { ephemeral: true } keeps no membership; give the line by which it joins');
  if (master === undefined) return { join: line === undefined ? {} : { invitation: parseInvitation(line), ephemeral } };
  if (line !== undefined)
    throw new EtherloomError('bad-option', 'a slave joins by a line, or is the plain slave of a master; give one of the two');
  const address = parseTcpAddress(master);
  checkPlain(address, plain, warn, '{ plain: true }');
  return { plain: { master: address } };
}

/** Returns the addresses of a node's ports. Throws the errors of `checkPortPlain`. */
function checkedPorts(ports: readonly string[] = [], warn: (message: string) => void): readonly string[] {
  for (const address of ports) checkPortPlain(address, { plain: false }, warn);
  return ports;
}

function managementAt(path: string | undefined): { readonly console?: { readonly path: string } } {
  return path === undefined ? {} : { console: { path } };
}
