import type { Fingerprint } from './fingerprint.ts';

/** The keys of a node that proves them. A new key is made beside the present one, and then takes its place. */
export interface OwnKeys {
  readonly current: Fingerprint;
  /** The key that is to replace the present one, if it was made. */
  readonly next: Fingerprint | undefined;
  /** Makes the next key, or returns the one that was made. It is durable when this resolves. */
  make(): Promise<Fingerprint>;
  /** Puts the next key in the place of the present one, in one durable step. */
  promote(): Promise<void>;
  /** Removes the next key. */
  drop(): Promise<void>;
}
