/** Files that are written by threads of Node's pool: those may wait for the disk, and the thread that forwards must not. [write(2)] */
import { close, write } from 'node:fs';
import type { Fd } from './unix-socket.ts';

/** The most octets that wait for a disk. */
const mostWaiting = 4 * 2 ** 20;

/** The pending writes of all files of this process. */
const unwritten = new Set<Promise<void>>();

/** Resolves when all octets taken by files of this process are written, or cannot be. */
export async function filesWritten(): Promise<void> {
  while (unwritten.size > 0) await Promise.all(unwritten);
}

/** A file that takes octets up to a bound of those waiting for the disk. They are written in order. */
export class PooledFile {
  readonly #fd: Fd;
  readonly #failed: (error: Error) => void;
  #waiting: Uint8Array[] = [];
  /** The number of unwritten octets. */
  #size = 0;
  #work: Promise<void> | undefined;
  #open = true;

  /** Owns the descriptor. `failed` is called with the error after which it takes nothing more. */
  constructor(fd: Fd, failed: (error: Error) => void) {
    this.#fd = fd;
    this.#failed = failed;
  }

  /** Takes a copy of the octets, if there is room for them. Returns whether there is. */
  write(octets: Uint8Array): boolean {
    if (!this.#open || this.#size + octets.length > mostWaiting) return false;
    this.#waiting.push(octets.slice());
    this.#size += octets.length;
    this.#begin();
    return true;
  }

  /** Closes the file once all its octets are written; then the promise resolves. */
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

  /** Writes piece by piece: while one is being written the next one gathers. */
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
