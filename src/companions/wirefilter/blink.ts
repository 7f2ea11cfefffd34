import { closeSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { StreamMemory } from '../../system/stream-socket.ts';
import { connectPath, datagramSocket, type Fd } from '../../system/unix-socket.ts';

/** Whom to tell of each frame. */
export interface BlinkOptions {
  /** The socket file of whoever listens. */
  readonly path: string;
  /** What each line begins with. */
  readonly id: string;
  readonly clock: Clock;
}

/** How long to wait before somebody who is not there is looked for again, in milliseconds. */
const patience = 1000;

/** Tells somebody of each frame that is sent on, one datagram each; what he does not take is lost. */
export class Blink implements Disposable {
  readonly #options: BlinkOptions;
  readonly #memory = new StreamMemory(512);
  #fd: Fd | undefined;
  #next = -Infinity;

  constructor(options: BlinkOptions) {
    this.#options = options;
  }

  /** `size` is that of the frame; what is told has the two octets of its length too, as it is in a stream. */
  tell(way: 'LR' | 'RL' | '--', size: number): void {
    const fd = (this.#fd ??= this.#connect());
    if (fd === undefined) return;
    const text = Buffer.from(`${this.#options.id.slice(0, 100)} ${way} ${size + 2}\n`);
    this.#memory.octets.set(text);
    const sent = this.#memory.send(fd, 0, text.length);
    if (sent === 'ECONNREFUSED' || sent === 'ENOTCONN') this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #connect(): Fd | undefined {
    const now = this.#options.clock.monotonic();
    if (now < this.#next) return undefined;
    this.#next = now + patience;
    const fd = datagramSocket();
    try {
      connectPath(fd, this.#options.path);
      return fd;
    } catch {
      closeSync(fd);
      return undefined;
    }
  }
}
