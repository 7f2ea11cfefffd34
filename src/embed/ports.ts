/**
 * Ports: the seam between frames and the outside, and its drivers. This file is their door, `etherloom/ports`. It loads the native code only
 * when a loop is opened.
 */
import type { Log } from '../log.ts';
import type { Breath, Listener, Port, PortNumber } from '../ports/port.ts';
import { requireLinux } from '../system/linux.ts';

export { realClock, type Clock, type Timer } from '../clock.ts';
export { EtherloomError, SystemError, type ErrorCode } from '../errors.ts';
export { logTo, quietLog, type Log, type LogFields, type LogLevel, type LogSink } from '../log.ts';
export { MemoryPort, type MemoryEnvironment } from '../ports/memory.ts';
export { maxFrame, newPortCounters } from '../ports/port.ts';
export type { Breath, Listener, PacedPort, Port, PortCounters, PortDrop, PortNumber, Receiver } from '../ports/port.ts';

/** What a loop of ports is given. */
export interface PortLoopOptions {
  /** Where its log goes. Default: nowhere. */
  readonly log?: Log;
}

/** The event loop of ports that are not at a switch. */
export interface PortLoop {
  /** Runs `work`, in which frames may be sent; at its end they leave together. */
  readonly breath: Breath;
  /**
   * Opens the port at an address: `vde://DIRECTORY`, `tcp://HOST:PORT`, `qemu-stream://PATH`, `qemu://LOCAL,REMOTE`, `tap://NAME`. It delivers
   * once a receiver is attached. Throws EtherloomError: `bad-address`, or what its driver throws.
   */
  dial(address: string): Promise<Port>;
  /**
   * Listens at an address: `tcp-listen://HOST:PORT`, `qemu-stream-listen://PATH`, `ws://HOST:PORT/PATH?token=TOKEN`. Calls `accept` with the port
   * of each client, and its number. Throws EtherloomError: `bad-address`, or what its driver throws.
   */
  listen(address: string, accept: (port: Port, number: PortNumber) => void): Promise<Listener>;
  /** Sends a frame by a port: at once, or with the rest of the current breath. The frame is the port's until then. */
  send(port: Port, frame: Uint8Array): void;
}

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
