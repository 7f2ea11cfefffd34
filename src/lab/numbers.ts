import { EtherloomError } from '../errors.ts';
import { vid, type Vid } from '../wire/dot1q.ts';

/*
 * Numbers that whoever uses the lab gives. What is wrong is said at once, by EtherloomError('bad-option'): later it would be a run in which
 * nothing happens, or never ends.
 */

/** Throws unless it is a finite number from `least` on. */
export function checkNumber(what: string, value: number, least = 0): void {
  if (!(Number.isFinite(value) && value >= least)) throw wrong(what, `a number of at least ${least}`, value);
}

/** Throws unless it is a finite number above 0. */
export function checkPositive(what: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw wrong(what, 'a number above 0', value);
}

/** Throws unless it is an integer from `least` on, to `most` where that is given. */
export function checkCount(what: string, value: number, least = 0, most = Infinity): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw wrong(what, most === Infinity ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`, value);
}

/** The VLAN of that number, as ports may be in. Throws where there is none. */
export function vlanOf(value: number): Vid {
  if (!(Number.isInteger(value) && value >= 0 && value < 0xfff)) throw wrong('a VLAN', 'an integer from 0 to 4094', value);
  return vid(value);
}

function wrong(what: string, expected: string, value: unknown): EtherloomError {
  return new EtherloomError('bad-option', `${what} must be ${expected}, not ${String(value)}`);
}
