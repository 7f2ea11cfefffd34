import { ReceiveRing, SendBatch } from './datagrams.ts';
import { loopReadiness, type Readiness } from './readiness.ts';

/** What all datagram ports of one event loop share. */
export interface Loop {
  readonly readiness: Readiness;
  readonly ring: ReceiveRing;
  readonly batch: SendBatch;
}

/** The loop's shared parts, for frames of up to `frameSize` octets. */
export function openLoop(frameSize: number): Loop {
  const ring = new ReceiveRing(frameSize);
  return { readiness: loopReadiness, ring, batch: new SendBatch(ring) };
}
