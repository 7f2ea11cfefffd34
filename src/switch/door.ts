/**
 * The switch without I/O, and its options. This file is its door, `etherloom/switch`.
 *
 * @example
 * ```ts
 * import { formatExplanation, realClock, Switch } from 'etherloom/switch';
 *
 * const frame = new Uint8Array(60).fill(0xff, 0, 6);
 * frame.set([2, 0, 0, 0, 0, 1, 0x88, 0xb5], 6);
 * using bridge = new Switch({ clock: realClock, transmit: (port, sent) => console.log(`port ${port}: ${sent.length} octets`) });
 * for (const port of [1, 2, 3]) bridge.addPort(port);
 * bridge.beginBreath();
 * bridge.receive(1, frame);
 * const why = bridge.explain(2, frame);
 * console.log(why && formatExplanation(why));
 * ```
 */
export { realClock, type Clock, type Timer } from '../clock.ts';
export * from './switch.ts';
