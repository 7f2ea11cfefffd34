import { realClock } from '../clock.ts';
import type { ServiceEnvironment } from '../daemon/switch-service.ts';
import type { EtherloomError } from '../errors.ts';
import { quietLog, type Log } from '../log.ts';
import { realRandom } from '../random.ts';

/** The arguments of a program to a switch or a node, beside its options. */
export interface Surroundings {
  /** The log. Default: none. */
  readonly log?: Log;
  /** Aborts the opening. Default: it has no time limit. */
  readonly signal?: AbortSignal;
}

/** Something that runs until it is disposed, or ends by itself. */
export interface Running extends AsyncDisposable {
  /** The canonical path of the directory in which clients find the switch: `vde_plug DIR`, `-netdev vde,sock=DIR`. */
  readonly directory: string;
  /**
   * Resolves when it should be disposed: to undefined after the console's `shutdown`, else to the error for which it cannot go on. Never
   * rejects.
   */
  readonly ended: Promise<EtherloomError | undefined>;
}

/** The environment of a service in a program, and its end. */
export interface Stage {
  readonly environment: ServiceEnvironment & { readonly signal: AbortSignal; readonly end: () => void };
  readonly fail: (error: EtherloomError) => void;
  readonly ended: Running['ended'];
}

/** Returns the environment of one service: real time and chance, no handler of the process. */
export function stageOf({ log = quietLog, signal = new AbortController().signal }: Surroundings): Stage {
  let resolveEnd: (reason: EtherloomError | undefined) => void = () => undefined;
  const ended = new Promise<EtherloomError | undefined>((resolve) => (resolveEnd = resolve));
  return {
    environment: { clock: realClock, random: realRandom, log, signal, end: () => resolveEnd(undefined) },
    fail: (error) => resolveEnd(error),
    ended,
  };
}
