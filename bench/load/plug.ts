import { attach, type Attachment } from './attach.ts';

/** The interval between two tries to plug in, in milliseconds. */
const interval = 50;

/** A station's port at a switch that is killed and started again: it plugs in anew whenever the switch is back. */
export class Plug implements Disposable {
  readonly #directory: string;
  #attachment: Attachment | undefined;
  #tried = -Infinity;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Plugs in, if it is not and the switch is there. */
  plugIn(now: number): void {
    if (this.#attachment || now - this.#tried < interval) return;
    this.#tried = now;
    try {
      this.#attachment = attach({ directory: this.#directory });
    } catch {
      // The switch is not there yet.
    }
  }

  /** Calls the kernel, and returns what the call returns. Without a port it returns 0; an error tells that the switch has ended. */
  try(call: (fd: number) => number): number {
    if (!this.#attachment) return 0;
    try {
      return call(this.#attachment.fd);
    } catch {
      this[Symbol.dispose]();
      return 0;
    }
  }

  /** Leaves the port. */
  [Symbol.dispose](): void {
    this.#attachment?.[Symbol.dispose]();
    this.#attachment = undefined;
  }
}
