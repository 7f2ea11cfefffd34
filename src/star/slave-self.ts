import { reasonOf } from '../errors.ts';
import { encodeBase32 } from './base32.ts';
import type { DialTarget } from './channel.ts';
import type { Hello } from './messages.ts';
import type { SlaveEngineOptions, SlaveEnvironment } from './slave-context.ts';
import type { SlaveMemory } from './slave-memory.ts';
import { randomOctets } from './token.ts';

/** The part of a slave that outlives its connections: its stored state, its keys, and how it presents itself. */
export class SlaveSelf {
  readonly #options: SlaveEngineOptions;
  readonly #environment: SlaveEnvironment;
  readonly #run: string;
  readonly #notStored: (reason: string) => void;
  #memory: SlaveMemory;
  #stored: Promise<void> = Promise.resolve();

  /** `memory` is stored already. `notStored` is called when a change could not be stored. */
  constructor(memory: SlaveMemory, options: SlaveEngineOptions, environment: SlaveEnvironment, notStored: (reason: string) => void) {
    this.#memory = memory;
    this.#options = options;
    this.#environment = environment;
    this.#notStored = notStored;
    this.#run = encodeBase32(randomOctets(environment.random, 10));
  }

  /** The state as it is stored. */
  get memory(): SlaveMemory {
    return this.#memory;
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
    const told = welcome?.masters?.filter((master) => master.pin === pin).flatMap((master) => master.addresses) ?? [];
    return [...new Set([...(pin === undefined || newMaster ? [] : told), ...addresses])];
  }

  /** Returns the key that proves itself, or that a plain slave tells. */
  keyOf(identity: DialTarget['identity']): string | undefined {
    const { keys } = this.#environment;
    return this.#options.plainKey ?? (identity === 'next' ? keys?.next : keys?.current);
  }

  /** Returns the first message. An incarnation belongs to a key: another key does not tell it. */
  hello(identity: DialTarget['identity']): Hello {
    const { software, host, name, demanded, plainKey } = this.#options;
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
    };
  }

  /** Changes the stored state, one change after the other. Resolves to whether it could be stored; if not, the old one counts. */
  change(change: (memory: SlaveMemory) => SlaveMemory | Promise<SlaveMemory>): Promise<boolean> {
    const done = this.#stored.then(async () => {
      try {
        const memory = await change(this.#memory);
        await this.#environment.store.save(memory);
        this.#memory = memory;
        return true;
      } catch (error) {
        this.#notStored(reasonOf(error));
        return false;
      }
    });
    this.#stored = done.then(() => undefined);
    return done;
  }
}
