/** Files that threads of Node's pool write. Such a thread may wait for the disk; the thread that forwards frames must not. [write(2)] */
import { close, write } from 'node:fs';
import type { Fd } from './unix-socket.ts';

/** The most octets that may wait for a disk, per file. */
const mostWaiting = 4 * 2 ** 20;

/** The pending writes of all files of this process. */
const unwritten = new Set<Promise<void>>();

/** Resolves when all octets accepted by files of this process have been written or have failed to be. */
export async function filesWritten(): Promise<void> {
  while (unwritten.size > 0) await Promise.all(unwritten);
}

/** A file whose octets are written in order. It accepts octets up to a limit of those that wait for the disk. */
export class PooledFile {
  readonly #fd: Fd;
  readonly #failed: (error: Error) => void;
  #waiting: Uint8Array[] = [];
  /** The number of unwritten octets. */
  #size = 0;
  #work: Promise<void> | undefined;
  #open = true;

  /** Takes ownership of the descriptor. `failed` is called with the first error, after which no more octets are accepted. */
  constructor(fd: Fd, failed: (error: Error) => void) {
    this.#fd = fd;
    this.#failed = failed;
  }

  /** Accepts a copy of the octets if there is room for them. Returns whether there is. */
  write(octets: Uint8Array): boolean {
    if (!this.#open || this.#size + octets.length > mostWaiting) return false;
    this.#waiting.push(octets.slice());
    this.#size += octets.length;
    this.#begin();
    return true;
  }

  /** Closes the file once all its octets are written. Resolves then. */
  close(): Promise<void> {
    this.#open = false;
    this.#begin();
    return this.#work ?? Promise.resolve();
  }

  #begin(): void {
    if (this.#work) return;
    const work = this.#drain().finally(() => {
      unwritten.delete(work);
    });
    this.#work = work;
    unwritten.add(work);
  }

  /** Writes piece by piece. While one piece is being written, the next one is collected. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const piece = Buffer.concat(this.#waiting);
      this.#waiting = [];
      try {
        await this.#put(piece);
        this.#size -= piece.length;
      } catch (error) {
        this.#waiting = [];
        this.#failed(error instanceof Error ? error : new Error(String(error)));
        this.#open = false;
      }
    }
    if (this.#open) this.#work = undefined;
    else await new Promise<void>((resolve) => close(this.#fd, () => resolve()));
  }

  async #put(octets: Uint8Array): Promise<void> {
    for (let rest = octets; rest.length > 0;) {
      const piece = rest;
      const count = await new Promise<number>((resolve, reject) =>
        write(this.#fd, piece, (error, written) => (error ? reject(error) : resolve(written))),
      );
      rest = piece.subarray(count);
    }
  }
}
