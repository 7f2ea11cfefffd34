/** Sockets that several ports of a process share: one receives for a protocol and local address, and knows the port of each packet. */
import { EtherloomError } from '../../errors.ts';
import type { AddressKey } from '../../system/ip-address.ts';
import type { Loop } from '../../system/loop.ts';
import type { PortEnvironment } from '../environment.ts';
import type { PacketReceiver } from './packet-socket.ts';

/** A port that receives by a shared socket. */
export interface Claimant {
  /** The name of the port, for people. */
  readonly name: string;
  /** The key of its tunnel: see Encapsulation. */
  readonly key: number;
  /** True if it takes packets from sources that no port lists. */
  readonly takesAny: boolean;
  /** Returns whether that source is one of its remotes. */
  lists(source: AddressKey): boolean;
  /** Takes a packet of its key, from a source that it takes packets from. */
  take(payload: Uint8Array, source: AddressKey, sourcePort: number): void;
  /** Counts a packet that no port takes. */
  refuse(why: 'oversize' | 'stranger', source: AddressKey): void;
  /** Counts packets that the kernel has dropped: the socket was full. */
  lost(packets: number): void;
}

/** How a shared socket is found, opened and read. */
export interface SharedSocketOptions<Receiver extends PacketReceiver> {
  /** The same for ports that share the socket: protocol, family, local address and port. */
  readonly id: string;
  /** Opens the socket. Throws EtherloomError. */
  readonly open: () => Receiver;
  /** Returns the key of a packet, whatever else is in it. */
  readonly keyOf: (payload: Uint8Array) => number;
}

/** A port's part in a shared resource, until disposed. */
export interface Share<Resource> extends Disposable {
  readonly resource: Resource;
}

/** How often the packets lost in the kernel are counted while others arrive, in milliseconds. */
const countInterval = 1_000;

interface Shared {
  readonly resource: Disposable;
  users: number;
}

const sharedOf = new WeakMap<Loop, Map<string, Shared>>();

/** Returns the resource of the loop with that name, opened if it is not open. It is disposed with its last share. Throws what `open` throws. */
export function share<Resource extends Disposable>(loop: Loop, id: string, open: () => Resource): Share<Resource> {
  const all = sharedOf.get(loop) ?? new Map<string, Shared>();
  sharedOf.set(loop, all);
  const shared = all.get(id) ?? { resource: open(), users: 0 };
  all.set(id, shared);
  shared.users++;
  let isOpen = true;
  return {
    resource: shared.resource as Resource,
    [Symbol.dispose]: () => {
      if (!isOpen) return;
      isOpen = false;
      shared.users--;
      if (shared.users > 0) return;
      all.delete(id);
      shared.resource[Symbol.dispose]();
    },
  };
}

/**
 * A socket that receives for several ports. A packet is for the port with its key that lists its source, else for the one with its key that
 * takes any source. A packet for none is counted by the port that lists its source, else by the first.
 */
export class SharedSocket<Receiver extends PacketReceiver = PacketReceiver> implements Disposable {
  readonly receiver: Receiver;
  readonly #environment: PortEnvironment;
  readonly #keyOf: (payload: Uint8Array) => number;
  readonly #claimants = new Map<number, readonly Claimant[]>();
  #lost = 0;
  #counting: Disposable | undefined;

  private constructor({ open, keyOf }: SharedSocketOptions<Receiver>, environment: PortEnvironment) {
    this.#environment = environment;
    this.#keyOf = keyOf;
    this.receiver = open();
  }

  /** Returns the socket of that name, for use until the share is disposed. Throws what its `open` throws. */
  static share<Receiver extends PacketReceiver>(
    options: SharedSocketOptions<Receiver>,
    environment: PortEnvironment,
  ): Share<SharedSocket<Receiver>> {
    return share(environment.loop, options.id, () => new SharedSocket(options, environment));
  }

  /** Throws EtherloomError('busy') if another port has this key with the same remote. `remotes` are the sources that it lists. */
  check({ key, takesAny, name }: Claimant, remotes: readonly AddressKey[]): void {
    for (const other of this.#claimants.get(key) ?? []) {
      if (!(takesAny && other.takesAny) && !remotes.some((remote) => other.lists(remote))) continue;
      throw new EtherloomError(
        'busy',
        `cannot open ${name}: ${other.name} has the same key and a remote in common; name all remotes in one address, or use another key`,
      );
    }
  }

  /** Delivers a port's packets to it until disposed. */
  deliver(claimant: Claimant): Disposable {
    const { key } = claimant;
    // Those that list their sources are asked first.
    const all = [...(this.#claimants.get(key) ?? []), claimant].sort((a, b) => Number(a.takesAny) - Number(b.takesAny));
    this.#claimants.set(key, all);
    this.receiver.listen(this.#take);
    return { [Symbol.dispose]: () => this.#remove(claimant) };
  }

  [Symbol.dispose](): void {
    this.#counting?.[Symbol.dispose]();
    this.receiver[Symbol.dispose]();
  }

  #remove(claimant: Claimant): void {
    const rest = (this.#claimants.get(claimant.key) ?? []).filter((one) => one !== claimant);
    if (rest.length > 0) this.#claimants.set(claimant.key, rest);
    else this.#claimants.delete(claimant.key);
  }

  readonly #take = (payload: Uint8Array | undefined, source: AddressKey, sourcePort: number): void => {
    this.#counting ??= this.#environment.clock.after(countInterval, this.#countLost);
    if (payload === undefined) {
      this.#bystander(source)?.refuse('oversize', source);
      return;
    }
    const claimants = this.#claimants.get(this.#keyOf(payload));
    const claimant = claimants?.find((one) => one.lists(source)) ?? claimants?.find((one) => one.takesAny);
    if (claimant) claimant.take(payload, source, sourcePort);
    else this.#bystander(source)?.refuse('stranger', source);
  };

  /** Returns the port that counts packets for none: the first that lists their source, else the first. */
  #bystander(source?: AddressKey): Claimant | undefined {
    let first: Claimant | undefined;
    for (const claimants of this.#claimants.values()) {
      for (const claimant of claimants) {
        first ??= claimant;
        if (source === undefined || claimant.lists(source)) return claimant;
      }
    }
    return first;
  }

  readonly #countLost = (): void => {
    this.#counting = undefined;
    const lost = this.receiver.lost - this.#lost;
    if (lost === 0) return;
    this.#lost += lost;
    this.#bystander()?.lost(lost);
  };
}
