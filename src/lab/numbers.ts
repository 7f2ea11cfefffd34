import { EtherloomError } from '../errors.ts';
import { vid, type Vid } from '../wire/dot1q.ts';

/*
 * Checks of numbers from the user of the lab. A mistake is reported at once, by EtherloomError('bad-option'): otherwise it would become a
 * run in which nothing happens, or one that never ends.
 */

/** Throws unless it is a finite number from `least` on. */
export function checkNumber(what: string, value: number, least = 0): void {
  if (!(Number.isFinite(value) && value >= least)) throw wrong(what, `a number of at least ${least}`, value);
}

/** Throws unless it is a finite number above 0. */
export function checkPositive(what: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw wrong(what, 'a number above 0', value);
}

/** Throws unless it is an integer from `least` on, up to `most` if that is given. */
export function checkCount(what: string, value: number, least = 0, most = Infinity): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw wrong(what, most === Infinity ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`, value);
}

/** Returns the VLAN with that number. Throws if ports cannot be in it. */
export function vlanOf(value: number): Vid {
  if (!(Number.isInteger(value) && value >= 0 && value < 0xfff)) throw wrong('a VLAN', 'an integer from 0 to 4094', value);
  return vid(value);
}

function wrong(what: string, expected: string, value: unknown): EtherloomError {
  return new EtherloomError('bad-option', `${what} must be ${expected}, not ${String(value)}`);
}
