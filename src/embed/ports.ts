/**
 * Ports: the seam between frames and the outside, and its drivers. This file is their door, `etherloom/ports`. It loads the native code only
 * when a loop is opened.
 */
import { requireLinux } from '../system/linux.ts';
import type { PortLoop, PortLoopOptions } from './port-loop.ts';

export { realClock, type Clock, type Timer } from '../clock.ts';
export { EtherloomError, SystemError, type ErrorCode } from '../errors.ts';
export { logTo, quietLog, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
export { MemoryPort, type MemoryEnvironment } from '../ports/pure/memory.ts';
export { maxFrame, newPortCounters } from '../ports/pure/port.ts';
export type { Breath, Listener, PacedPort, Port, PortCounters, PortDrop, PortNumber, Receiver } from '../ports/pure/port.ts';
export type { PortLoop, PortLoopOptions } from './port-loop.ts';

/**
 * Opens a loop for ports without a switch, in a program of one's own: a client of a switch that sends and receives frames. Each port and
 * listener belongs to the caller, and ends when the caller disposes it.
 *
 * Throws EtherloomError('not-supported') where this is not Linux.
 *
 * @example
 * ```ts
 * import { openSwitch } from 'etherloom/daemon';
 * import { openPortLoop } from 'etherloom/ports';
 *
 * await using net = await openSwitch({ directory: './net' });
 * const loop = await openPortLoop();
 * await using a = await loop.dial(`vde://${net.directory}`);
 * await using b = await loop.dial(`vde://${net.directory}`);
 * const heard = new Promise<Uint8Array>((resolve) => {
 *   b.attach({ receive: (frame) => resolve(frame.slice()), carrier: () => undefined, closed: () => undefined });
 * });
 * a.attach({ receive: () => undefined, carrier: () => undefined, closed: () => undefined });
 * const frame = new Uint8Array(60).fill(0xff, 0, 6);
 * frame.set([2, 0, 0, 0, 0, 1, 0x88, 0xb5], 6);
 * loop.send(a, frame);
 * console.log((await heard).length); // 60
 * ```
 */
export async function openPortLoop(options: PortLoopOptions = {}): Promise<PortLoop> {
  requireLinux('openPortLoop of etherloom/ports');
  const { FramePortLoop } = await import('./port-loop.ts');
  return new FramePortLoop(options);
}
