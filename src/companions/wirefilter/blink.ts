import { closeSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { StreamMemory } from '../../system/stream-socket.ts';
import { connectPath, datagramSocket, type Fd } from '../../system/unix-socket.ts';

/** The receiver of a report about each frame. */
export interface BlinkOptions {
  /** The socket file of the receiver. */
  readonly path: string;
  /** The beginning of each line. */
  readonly id: string;
  readonly clock: Clock;
}

/** The wait between attempts to connect, in milliseconds. */
const patience = 1000;

/** Reports each forwarded frame to a receiver, as one datagram. If the receiver does not take a report, it is lost. */
export class Blink implements Disposable {
  readonly #options: BlinkOptions;
  readonly #memory = new StreamMemory(512);
  #fd: Fd | undefined;
  #next = -Infinity;

  constructor(options: BlinkOptions) {
    this.#options = options;
  }

  /** Reports a frame of `size` octets. The reported size includes the two octets of the length field, as in a stream. */
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
