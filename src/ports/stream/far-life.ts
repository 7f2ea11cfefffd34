import type { Clock } from '../../clock.ts';
import { setUserTimeout, tcpHealth, type TcpHealth } from '../../system/tcp-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';

/** The interval of beats, in milliseconds. */
export const beatInterval = 1000;

/** How long a far end may be silent before it counts as dead, in milliseconds, unless the user says otherwise. */
export const usualDeadAfter = 5000;

/** How much longer a far end may be silent on a path that loses packets, if packets of it still arrive. */
const lossyFactor = 3;

/** For how many beats after a loss a path counts as one that loses packets. */
const lossMemory = 60;

/** There is no verdict at a beat that comes later than this, in milliseconds: octets that arrived meanwhile may not have been read. */
const mostLag = beatInterval / 4;

/** The means of a judge. */
export interface FarLifeOptions {
  readonly clock: Clock;
  /** How long the far end may be silent, in milliseconds; it is counted in beats. */
  readonly deadAfter: number;
  /** The TCP socket that the octets come by; undefined if they come by no socket. */
  readonly socket: Fd | undefined;
}

/**
 * Judges by its silence whether the far end of a connection lives, which sends something in each second. Silence is counted in beats: if this process
 * is stopped, for however long, that counts as one, and a beat that comes late brings no verdict.
 *
 * On a TCP path that loses packets, retransmissions can take longer than the far end may be silent. If packets still arrive there, it is given more
 * time. If nothing was lost, packets alone are no life: a relay may acknowledge data that it does not forward.
 */
export class FarLife {
  readonly #options: FarLifeOptions;
  #silence = 0;
  #beatAt: number;
  #health: TcpHealth | undefined;
  #packetless = 0;
  #lossless = lossMemory;

  constructor(options: FarLifeOptions) {
    this.#options = options;
    this.#beatAt = options.clock.monotonic();
    this.#health = healthOf(options.socket);
  }

  /** Leaves the verdict on a silent path to this judge alone, since the far end was found to send something in each second. */
  takeOver(): void {
    if (this.#health) setUserTimeout(this.#options.socket ?? -1, lossyFactor * this.#options.deadAfter);
  }

  /** True if octets came since the beat before the last. */
  get isFresh(): boolean {
    return this.#silence <= 1;
  }

  /** Notes that octets came. */
  heard(): void {
    this.#silence = 0;
  }

  /** Must be called once in each `beatInterval`. Returns the seconds of silence if the far end is dead by them. */
  beat(): number | undefined {
    const now = this.#options.clock.monotonic();
    const isLate = now - this.#beatAt > beatInterval + mostLag;
    this.#beatAt = now;
    this.#silence += 1;
    this.#look();
    const most = this.#options.deadAfter / beatInterval;
    const mayLive = isLate || this.#silence < (this.#lossless < lossMemory && this.#packetless < most ? lossyFactor * most : most);
    return mayLive ? undefined : this.#silence;
  }

  /** Compares the path with the last beat. */
  #look(): void {
    const before = this.#health;
    const health = before && healthOf(this.#options.socket);
    if (!health) return;
    this.#packetless = health.packets === before.packets ? this.#packetless + 1 : 0;
    this.#lossless = health.losses === before.losses ? this.#lossless + 1 : 0;
    this.#health = health;
  }
}

function healthOf(socket: Fd | undefined): TcpHealth | undefined {
  return socket === undefined ? undefined : tcpHealth(socket);
}
