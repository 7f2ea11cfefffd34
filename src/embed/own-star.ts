import { checkPlain } from '../daemon/plain.ts';
import type { NodeId } from '../star/identity.ts';
import { Master } from '../launcher/master.ts';
import { Slave } from '../launcher/slave.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { addressFromText, networkFromText, type ServedNetworkOptions } from './network-text.ts';
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
  /** The path of the console's socket, for `vdecmd -s PATH`. Default: it has no console. */
  readonly console?: string | undefined;
  /** Accepts links beyond this machine, which are not encrypted. Default: false. */
  readonly plain?: boolean | undefined;
}

/** The master of a star in a program of one's own. */
export interface OwnMasterOptions extends OwnNodeOptions, ServedNetworkOptions {
  /** The address at which slaves link, as `127.0.0.1:7000`; they join at the port above. Port 0: any free pair. */
  readonly listen: string;
  /** Addresses that are reserved for slaves, by their ids. Default: each has the one that follows from its id. */
  readonly reservations?: Readonly<Record<number, string>> | undefined;
}

/** A slave of a star in a program of one's own. */
export interface OwnSlaveOptions extends OwnNodeOptions {
  /** The address at which the master listens, as `127.0.0.1:7000`. */
  readonly master: string;
  /** The id that it demands. Default: the master assigns one. */
  readonly id?: NodeId | undefined;
}

/** A master that runs in a program of one's own, until it is disposed. */
export interface OwnMaster extends Running {
  /** The address at which slaves link: the `master` of `openSlave`. */
  readonly link: string;
}

/** A slave that runs in a program of one's own, until it is disposed. */
export interface OwnSlave extends Running {
  readonly id: NodeId;
}

/** Opens a master, for `openMaster` of the door. */
export async function ownMaster(options: OwnMasterOptions, surroundings: Surroundings): Promise<OwnMaster> {
  const { environment, ended } = stageOf(surroundings);
  const { directory: sock, state, guest, plain = false, reservations = {}, console: path, listen: text, ...network } = options;
  const listen = parseTcpAddress(text);
  checkPlain(listen, plain, environment.log.warn, '{ plain: true }');
  const kept = Object.entries(reservations).map(([id, address]) => [Number(id), addressFromText('reservations', address)] as const);
  const opened = await Master.open(
    {
      ...networkFromText(network),
      listen,
      sock,
      state,
      guest,
      management: managementAt(path),
      dhcp: true,
      slavePorts: new Map(),
      reservations: new Map(kept),
    },
    environment,
  );
  return { ended, directory: opened.sock, link: opened.link, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** Opens a slave, for `openSlave` of the door. */
export async function ownSlave(options: OwnSlaveOptions, surroundings: Surroundings): Promise<OwnSlave> {
  const { environment, fail, ended } = stageOf(surroundings);
  const { directory: sock, state, guest, plain = false, id, console: path } = options;
  const master = parseTcpAddress(options.master);
  checkPlain(master, plain, environment.log.warn, '{ plain: true }');
  const opened = await Slave.open({ master, sock, state, guest, id, management: managementAt(path) }, environment, fail);
  return { ended, directory: opened.sock, id: opened.id, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

function managementAt(path: string | undefined): { readonly console?: { readonly path: string } } {
  return path === undefined ? {} : { console: { path } };
}
