import type { Interest, Ready, Watch } from '../../system/readiness.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { StreamMemory, StreamRing } from '../../system/stream-socket.ts';

/**
 * The octets of one connection, in both directions, or in one for the end of a pipe. It is all that stream ports know of their medium.
 * Calls do not wait.
 */
export interface ByteChannel extends Disposable {
  /** The socket that the octets cross by, for its options and counts only; undefined if there is none. */
  readonly socket?: Fd | undefined;
  /**
   * Receives the waiting octets into `ring`, at its `next`, after `rest`: earlier octets, which are copied there.
   * @returns the end of the received octets, 0 at the end of the stream, or the errno's name: `EAGAIN` if none waits, or the ring is full.
   */
  receive(ring: StreamRing, rest: Uint8Array): number | string;
  /**
   * Sends the octets of `memory` from `start` up to `end`.
   * @returns the number of octets taken, or the errno's name: `EAGAIN` if none is taken for now.
   */
  send(memory: StreamMemory, start: number, end: number): number | string;
  /** Calls `tell` when the channel is ready, inside a breath, until the watch is disposed. One watch at a time. */
  watch(interest: Interest, tell: (ready: Ready) => void): Watch;
}
