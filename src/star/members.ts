import type { NetworkOptions } from '../dhcp/network-plan.ts';
import { EtherloomError } from '../errors.ts';
import type { Ipv4Address, Ipv4Network } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/mac.ts';
import { AddressPlan } from './address-plan.ts';
import { macOfId, type NodeId } from './identity.ts';
import type { PlainHello, JoinRefusal, Welcome } from './messages.ts';
import { assignId, decodeRoster, encodeRoster, type Assignment, type Roster } from './roster.ts';
import type { StateFiles } from './state-files.ts';

/** The network of a star, and the settings of single slaves. */
export interface MembersOptions extends NetworkOptions {
  /** The MTU of the network, in octets. */
  readonly mtu: number;
  /** Additional link ports for single slaves. */
  readonly slavePorts: ReadonlyMap<NodeId, number>;
  readonly reservations: ReadonlyMap<NodeId, Ipv4Address>;
}

/** A slave that has an id. */
export interface Member {
  readonly id: NodeId;
  /** The MAC address of its guest. */
  readonly mac: MacAddress;
  /** The address reserved for its guest; undefined if that gets one from the pool. */
  readonly address: Ipv4Address | undefined;
}

const rosterFile = 'roster.json';

/** The slaves of a star. The master assigns each an id, and keeps the roster on disk. */
export class Members {
  readonly plan: AddressPlan;
  readonly #state: StateFiles;
  readonly #slavePorts: ReadonlyMap<NodeId, number>;
  readonly #network: Ipv4Network;
  readonly #mtu: number;
  #roster: Roster;
  /** Resolves when the roster is not being written. */
  #enrolled: Promise<unknown> = Promise.resolve();

  /** Reads the roster. Throws EtherloomError: `bad-state` if it is damaged, and the errors of AddressPlan. */
  constructor(state: StateFiles, options: MembersOptions) {
    this.#network = options.network;
    this.#mtu = options.mtu;
    this.#state = state;
    this.#slavePorts = options.slavePorts;
    this.#roster = readRoster(state);
    this.plan = new AddressPlan(options, options.reservations, (id) => [...this.#roster.values()].includes(id));
  }

  /** The number of slaves that have an id. */
  get size(): number {
    return this.#roster.size;
  }

  /** Returns the slaves that have an id, in the order of their ids. */
  list(): readonly Member[] {
    const ids = [...this.#roster.values()].sort((a, b) => a - b);
    return ids.map((id) => ({ id, mac: macOfId(id), address: this.plan.addressOf(id) }));
  }

  /**
   * Accepts or refuses a slave. A slave without a link port of its own links at `linkPort`. Its id is on the disk before this resolves.
   * Rejects with the system's error if the id cannot be written.
   */
  async welcome(hello: PlainHello, linkPort: number): Promise<Welcome | JoinRefusal> {
    const assignment = this.#assign(hello);
    if ('refusal' in assignment) return refusal(assignment);
    const id = assignment.roster === this.#roster ? assignment.id : await this.#enroll(hello);
    return typeof id === 'number' ? this.#welcome(id, linkPort) : id;
  }

  #assign({ key, demanded, last }: PlainHello): Assignment {
    return assignId(this.#roster, key, { demanded, last });
  }

  /** Enrols one slave after the other: an id that is being written is neither free nor assigned. */
  #enroll(hello: PlainHello): Promise<NodeId | JoinRefusal> {
    const enrolled = this.#enrolled.then(async () => {
      const assignment = this.#assign(hello);
      if ('refusal' in assignment) return refusal(assignment);
      const { roster, id } = assignment;
      if (roster !== this.#roster) await this.#state.write(rosterFile, encodeRoster(roster));
      this.#roster = roster;
      return id;
    });
    this.#enrolled = enrolled.catch(() => undefined);
    return enrolled;
  }

  #welcome(id: NodeId, linkPort: number): Welcome {
    return {
      type: 'welcome',
      id,
      mac: macOfId(id),
      address: this.plan.addressOf(id),
      network: this.#network,
      mtu: this.#mtu,
      linkPort: this.#slavePorts.get(id) ?? linkPort,
    };
  }
}

function refusal({ refusal: reason }: { readonly refusal: string }): JoinRefusal {
  return { type: 'refusal', reason, retry: false };
}

function readRoster(state: StateFiles): Roster {
  const text = state.read(rosterFile);
  if (text === undefined) return new Map();
  const roster = decodeRoster(text);
  if (roster) return roster;
  throw new EtherloomError('bad-state', `${state.in(rosterFile)} is damaged; repair it, or move it away and let all slaves join again`);
}
