import type { PortEnvironment } from '../../ports/environment.ts';
import type { DialTarget } from '../channel.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { OwnKeys } from '../own-keys.ts';
import { shortcutAlpn } from '../shortcut-context.ts';
import type { StateFiles } from '../state-files.ts';
import { newIdentity, nextIdentityFile, openIdentity, readIdentity, writeIdentity, type Identity } from './identity-files.ts';
import { TlsSecurity } from './tls-security.ts';

/** The keys of a node in its state directory: the present one, and the one that is to replace it. */
export class KeyFiles implements OwnKeys, Disposable {
  readonly #state: StateFiles;
  readonly #environment: PortEnvironment;
  #present: KeyInUse;
  #next: KeyInUse | undefined;

  private constructor(state: StateFiles, present: Identity, next: Identity | undefined, environment: PortEnvironment) {
    this.#state = state;
    this.#environment = environment;
    this.#present = new KeyInUse(present, environment);
    this.#next = next && new KeyInUse(next, environment);
  }

  /** Reads the keys, and makes the present one if there is none. Throws EtherloomError: `bad-state`, `not-supported`, or SystemError. */
  static async open(state: StateFiles, environment: PortEnvironment): Promise<KeyFiles> {
    const present = await openIdentity(state);
    const next = readIdentity(state, nextIdentityFile);
    // A crash within the promotion leaves both files with one key.
    return new KeyFiles(state, present, next?.fingerprint === present.fingerprint ? undefined : next, environment);
  }

  get current(): Fingerprint {
    return this.#present.identity.fingerprint;
  }

  get next(): Fingerprint | undefined {
    return this.#next?.identity.fingerprint;
  }

  /** Returns the maker of handshakes with one of the keys. */
  securityOf(identity: DialTarget['identity']): TlsSecurity {
    return (identity === 'next' ? (this.#next ?? this.#present) : this.#present).security;
  }

  /** The maker of handshakes of shortcuts, with the present key. */
  get shortcutSecurity(): TlsSecurity {
    return this.#present.shortcutSecurity;
  }

  async make(): Promise<Fingerprint> {
    if (!this.#next) {
      const identity = await newIdentity();
      await writeIdentity(this.#state, identity, nextIdentityFile);
      this.#next = new KeyInUse(identity, this.#environment);
    }
    return this.#next.identity.fingerprint;
  }

  async promote(): Promise<void> {
    if (!this.#next) return;
    await writeIdentity(this.#state, this.#next.identity);
    this.#present[Symbol.dispose]();
    this.#present = this.#next;
    this.#next = undefined;
    await this.#state.remove(nextIdentityFile);
  }

  async drop(): Promise<void> {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
    await this.#state.remove(nextIdentityFile);
  }

  [Symbol.dispose](): void {
    this.#present[Symbol.dispose]();
    this.#next?.[Symbol.dispose]();
  }
}

/** A key, and the TLS with it. */
class KeyInUse implements Disposable {
  readonly identity: Identity;
  readonly security: TlsSecurity;
  readonly #environment: PortEnvironment;
  #shortcutSecurity: TlsSecurity | undefined;

  constructor(identity: Identity, environment: PortEnvironment) {
    this.identity = identity;
    this.security = new TlsSecurity(identity, environment);
    this.#environment = environment;
  }

  /** Made when it is first needed: a master, and a slave without shortcuts, has none. */
  get shortcutSecurity(): TlsSecurity {
    return (this.#shortcutSecurity ??= new TlsSecurity(this.identity, this.#environment, [shortcutAlpn]));
  }

  [Symbol.dispose](): void {
    this.security[Symbol.dispose]();
    this.#shortcutSecurity?.[Symbol.dispose]();
  }
}
