import type { Interest, Ready, Watch } from '../../system/readiness.ts';
import type { StreamMemory, StreamRing } from '../../system/stream-socket.ts';

/**
 * One connection's octets, both ways, or one way for the end of a pipe. Ports that carry frames in a stream know nothing else of their medium. No
 * call waits.
 */
export interface ByteChannel extends Disposable {
  /**
   * Receives what waits into `ring`, at its `next`, behind `rest`: octets that came earlier and are put there.
   * @returns where what came ends, 0 at the end of the stream, or the errno's name: `EAGAIN` when nothing waits, or the ring is full.
   */
  receive(ring: StreamRing, rest: Uint8Array): number | string;
  /**
   * Sends the octets of `memory` from `start` up to `end`.
   * @returns how many were taken, or the errno's name: `EAGAIN` when none is taken for now.
   */
  send(memory: StreamMemory, start: number, end: number): number | string;
  /** Tells when the channel is ready, inside a breath, until the watch is disposed. One watch at a time. */
  watch(interest: Interest, tell: (ready: Ready) => void): Watch;
}
