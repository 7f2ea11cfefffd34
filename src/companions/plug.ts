import { Cable, type PlugEnd } from './cable.ts';
import type { FrameLoopEnvironment } from './frame-loop.ts';
import { startCommand } from '../ports/command.ts';
import { openPlace, openStandard, type PlugSettings } from './plug-end.ts';
import type { PlugPlace } from './plug-name.ts';

/** The place and settings of a plug. */
export interface PlugAt {
  readonly place: PlugPlace;
  readonly settings: PlugSettings;
}

/** The other end of a plug: another plug, the standard input and output of a command, or those of this process. */
export type PlugPeer = PlugAt | { readonly command: readonly string[] } | 'standard';

/** The settings of `vde_plug`. */
export interface PlugOptions {
  readonly plug: PlugAt;
  readonly peer: PlugPeer;
  /** Called with each frame towards the first place. The frame is borrowed: valid until the call returns. */
  readonly observe?: ((frame: Uint8Array) => void) | undefined;
}

/** The program `vde_plug`: carries frames between a switch and a stream, or between two switches, until either side ends. */
export class Plug implements AsyncDisposable {
  /** Resolves with the reason when an end has closed, or after `finish`. */
  readonly ended: Promise<string>;
  readonly #cable: Cable;
  readonly #ends: readonly PlugEnd[];

  private constructor(cable: Cable, ends: readonly PlugEnd[]) {
    this.#cable = cable;
    this.#ends = ends;
    this.ended = cable.ended;
  }

  /** Opens both ends. Throws an EtherloomError with the remedy if one of them fails. */
  static async open({ plug, peer, observe }: PlugOptions, environment: FrameLoopEnvironment): Promise<Plug> {
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

  /** Resolves `ended` when the frames in transit have arrived. */
  finish(reason: string): void {
    this.#cable.finish(reason);
  }

  /** Resolves with the failure if an end has failed; with undefined if an end has closed normally. */
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
