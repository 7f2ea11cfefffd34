import type { Clock } from '../clock.ts';
import { Cable, type PlugEnd } from './cable.ts';
import { startCommand } from '../ports/command.ts';
import { openPlace, openStandard, type PlugSettings } from './plug-end.ts';
import type { PlugPlace } from './plug-name.ts';
import type { Log } from '../log.ts';

/** One plug: where it is put, and how. */
export interface PlugAt {
  readonly place: PlugPlace;
  readonly settings: PlugSettings;
}

/** What a plug is to be joined with: another one, a program's input and output, or this process's own. */
export type PlugPeer = PlugAt | { readonly command: readonly string[] } | 'standard';

/** What plugging takes. */
export interface PlugOptions {
  readonly plug: PlugAt;
  readonly peer: PlugPeer;
  /** Sees each frame on its way into the first place. Borrowed: valid until it returns. */
  readonly observe?: ((frame: Uint8Array) => void) | undefined;
}

/** What a plug is given. */
export interface PlugEnvironment {
  readonly clock: Clock;
  /** Tells people what happened outside. */
  readonly log: Log;
  /** Overwrites received frames after each breath, so that tests find whoever kept one. Default: false. */
  readonly poison?: boolean;
}

/** `vde_plug`: frames between a switch and a stream, or between two switches, until either side ends. */
export class Plug implements AsyncDisposable {
  /** Settles with the reason when it has ended by itself. */
  readonly ended: Promise<string>;
  readonly #cable: Cable;
  readonly #ends: readonly PlugEnd[];

  private constructor(cable: Cable, ends: readonly PlugEnd[]) {
    this.#cable = cable;
    this.#ends = ends;
    this.ended = cable.ended;
  }

  /** Throws EtherloomError that says what helps, when one of the ends cannot be had. */
  static async open({ plug, peer, observe }: PlugOptions, environment: PlugEnvironment): Promise<Plug> {
    const cable = new Cable({ ...environment, observe });
    const first = await openPlace(plug.place, plug.settings, cable.environment);
    try {
      const second = await openPeer(peer, cable);
      cable.join(first.port, second.port);
      return new Plug(cable, [first, second]);
    } catch (error) {
      await first[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Settles `ended` when what is on its way has arrived. */
  finish(reason: string): void {
    this.#cable.finish(reason);
  }

  /** Resolves with what failed, when it has ended by the failure of an end; undefined when one has gone as it may. */
  async failure(): Promise<string | undefined> {
    const lost = this.#ends.find(({ port }) => port === this.#cable.lost);
    return lost?.failure?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cable[Symbol.asyncDispose]();
    for (const end of this.#ends) await end[Symbol.asyncDispose]();
  }
}

async function openPeer(peer: PlugPeer, { environment }: Cable): Promise<PlugEnd> {
  if (peer === 'standard') return openStandard(environment);
  return 'command' in peer ? startCommand(peer.command, environment) : openPlace(peer.place, peer.settings, environment);
}
