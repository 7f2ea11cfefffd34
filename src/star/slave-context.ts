import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Dial } from './channel.ts';
import type { NodeId } from './identity.ts';
import type { LivenessLimits } from './liveness.ts';
import type { OwnKeys } from './own-keys.ts';
import type { SlaveStore } from './slave-memory.ts';

/** The settings of a slave's engine. */
export interface SlaveEngineOptions {
  /** The version of this software. */
  readonly software: string;
  /** The name of this host. */
  readonly host?: string | undefined;
  /** The name that the user wishes for the slave. */
  readonly name?: string | undefined;
  /** The id that the user demands. */
  readonly demanded?: NodeId | undefined;
  /** True if the slave keeps its key and state in memory only: the group forgets it soon after it was last seen. Default: false. */
  readonly ephemeral?: boolean | undefined;
  /** The key of a slave of the plain star, 32 hexadecimal digits; undefined for one that proves its key. */
  readonly plainKey?: string | undefined;
  /** The fields of the group's description that this slave's options allow. Default: none. */
  readonly consent?: ReadonlySet<string>;
  readonly liveness?: LivenessLimits;
}

/** The means of a slave's engine beside its settings. */
export interface SlaveEnvironment {
  readonly clock: Clock;
  /** Must be fit for keys. */
  readonly random: Random;
  readonly dial: Dial;
  readonly store: SlaveStore;
  /** Undefined in the plain star. */
  readonly keys?: OwnKeys | undefined;
}
