/** The switch without I/O, and what it is given. This file is its door, `etherloom/switch`. */
export { realClock, type Clock, type Timer } from '../clock.ts';
export * from './switch.ts';
