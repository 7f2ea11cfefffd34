import { EtherloomError, messageOf } from '../errors.ts';
import { encodeBase32 } from './base32.ts';
import type { DialTarget } from './channel.ts';
import type { Hello, Welcome } from './messages.ts';
import { nextPinOf } from './next-pin.ts';
import type { SlaveEngineOptions, SlaveEnvironment } from './slave-context.ts';
import type { SlaveMemory } from './slave-memory.ts';
import { randomOctets, type Token } from './token.ts';

/** The part of a slave that outlives its connections: its stored state, its keys, and how it presents itself. */
export class SlaveSelf {
  readonly #options: SlaveEngineOptions;
  readonly #environment: SlaveEnvironment;
  readonly #run: string;
  readonly #storing: (failure: string | undefined) => void;
  #memory: SlaveMemory;
  #welcomed: DialTarget['identity'] = 'current';
  /** The changes that count already, and are not known to be on the disk. */
  #urgent: ((memory: SlaveMemory) => SlaveMemory)[] = [];
  #stored: Promise<void> = Promise.resolve();
  /** Why the last change could not be stored. */
  #failure: string | undefined;

  /** `memory` is stored already. `storing` is called when changes cannot be stored any more, with the failure, and when they can again. */
  constructor(
    memory: SlaveMemory,
    options: SlaveEngineOptions,
    environment: SlaveEnvironment,
    storing: (failure: string | undefined) => void,
  ) {
    this.#memory = memory;
    this.#options = options;
    this.#environment = environment;
    this.#storing = storing;
    this.#run = encodeBase32(randomOctets(environment.random, 10));
  }

  /** The state as it is stored, with the changes that count before they are. */
  get memory(): SlaveMemory {
    return this.#memory;
  }

  /** The key of the last welcome, by which links are made: another one may be barred, also while the disk does not take the change of keys. */
  get welcomed(): DialTarget['identity'] {
    return this.#welcomed;
  }

  /** Resolves when nothing is being stored: a hello waits for this, since it tells the stored state. */
  get stored(): Promise<void> {
    return this.#stored;
  }

  /** True while the next key joins in place of the present one. */
  get isRekeying(): boolean {
    const { rekey } = this.#memory;
    const { keys } = this.#environment;
    return rekey !== undefined && keys?.next === rekey.key && keys.current !== rekey.key;
  }

  /** Returns the addresses in the order in which they are tried: those that the master told, then those of the user. */
  places(): readonly string[] {
    const { pin, addresses, welcome, newMaster } = this.#memory;
    const next = nextPinOf(this.#memory);
    const told =
      welcome?.masters?.filter((master) => master.pin === pin || master.pin === next).flatMap((master) => master.addresses) ?? [];
    return [...new Set([...(pin === undefined || newMaster ? [] : told), ...addresses])];
  }

  /** Returns how the master is dialled at an address. */
  targetAt(address: string, identity: DialTarget['identity']): DialTarget {
    const next = nextPinOf(this.#memory);
    return { address, pin: this.#memory.pin, ...(next !== undefined && { nextPin: next }), identity };
  }

  /** Returns the key that proves itself, or that a plain slave tells. The next key is the present one once it was promoted. */
  keyOf(identity: DialTarget['identity']): string | undefined {
    const { keys } = this.#environment;
    return this.#options.plainKey ?? (identity === 'next' ? keys?.next : undefined) ?? keys?.current;
  }

  /** Returns the first message. An incarnation belongs to a key: another key does not tell it. */
  hello(identity: DialTarget['identity']): Hello {
    const { software, host, name, demanded, plainKey, ephemeral } = this.#options;
    const { welcome, key, token, rekey } = this.#memory;
    const isOwn = key === undefined || key === this.keyOf(identity);
    const isNext = identity === 'next';
    return {
      type: 'hello',
      key: plainKey,
      demanded: isNext ? undefined : demanded,
      last: isOwn ? welcome?.id : undefined,
      software,
      host,
      name,
      run: this.#run,
      incarnation: isOwn ? welcome?.incarnation : undefined,
      group: welcome?.group,
      token: isNext ? rekey?.token : token,
      ...(ephemeral && { ephemeral: true as const }),
    };
  }

  /** Stores the master's answer to one of the keys. Resolves as `change` does. */
  storeWelcome(identity: DialTarget['identity'], welcome: Welcome): Promise<boolean> {
    this.#welcomed = identity;
    return this.change(async ({ pin, nextPins, formerPins, addresses, token }) => {
      const key = this.keyOf(identity);
      if (identity === 'next') await this.#environment.keys?.promote();
      // The group may forget an ephemeral slave that was away, and then that joins anew.
      return { pin, nextPins, formerPins, addresses, key, welcome, ...(this.#options.ephemeral && { token }) };
    });
  }

  /** Makes the next key, and stores the token by which it joins. Resolves as `change` does. */
  prepareKey(token: Token): Promise<boolean> {
    return this.change(async (memory) => {
      const { keys } = this.#environment;
      if (!keys)
        throw new EtherloomError('not-supported', 'cannot make a new key: a plain slave proves none; give it a --state of its own');
      return { ...memory, rekey: { key: await keys.make(), token } };
    });
  }

  /** Removes the next key: the present one goes on. Resolves as `change` does. */
  dropKey(): Promise<boolean> {
    return this.change(async (memory) => {
      await this.#environment.keys?.drop();
      return { ...memory, rekey: undefined };
    });
  }

  /** Forgets the group if `isOver`, so that the next start of this slave joins by a line. Resolves when that is stored. */
  async forget(isOver: boolean): Promise<void> {
    if (isOver) await this.change(() => ({ addresses: [] }));
  }

  /** Changes the stored state, one change after the other. Resolves to whether it could be stored; if not, the old one counts. */
  change(change: (memory: SlaveMemory) => SlaveMemory | Promise<SlaveMemory>): Promise<boolean> {
    const done = this.#stored.then(async () => {
      try {
        const memory = this.#withUrgent(await change(this.#memory));
        const { length } = this.#urgent;
        await this.#environment.store.save(memory);
        this.#memory = this.#withUrgent(memory);
        if (this.#urgent.length === length) this.#urgent = [];
        this.#tell(undefined);
        return true;
      } catch (error) {
        this.#tell(messageOf(error));
        return false;
      }
    });
    this.#stored = done.then(() => undefined);
    return done;
  }

  /** Changes the state as `change` does, but the change counts at once, stored or not. A second time it must have no effect. */
  changeNow(change: (memory: SlaveMemory) => SlaveMemory): Promise<boolean> {
    const memory = change(this.#memory);
    if (memory !== this.#memory) this.#urgent.push(change);
    this.#memory = memory;
    return this.change((stored) => stored);
  }

  #withUrgent(memory: SlaveMemory): SlaveMemory {
    return this.#urgent.reduce((changed, change) => change(changed), memory);
  }

  #tell(failure: string | undefined): void {
    if (this.#failure === failure) return;
    this.#failure = failure;
    this.#storing(failure);
  }
}
