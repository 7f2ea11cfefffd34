import type { Clock } from '../../clock.ts';
import { EtherloomError } from '../../errors.ts';
import type { DialTarget } from '../channel.ts';
import type { Fingerprint } from '../fingerprint.ts';

/** How long an address at which another key was proven is not dialled again, in milliseconds. */
const wait = 60_000;

/** The failure of a dial that reached a node with another key than the master's. Trying again soon cannot help. */
export class ForeignMasterError extends EtherloomError {
  constructor({ address, pin, nextPin }: DialTarget, found: Fingerprint) {
    const expected = nextPin === undefined ? pin : `${pin} or ${nextPin}`;
    super(
      'refused',
      `${address} is not this master: its key has the pin ${found}, and this host expects ${expected}; check the address, or, if the master has` +
        ' another key now, join by its new line ("etherloom token new" there), with --new-master if this host has joined before',
    );
  }
}

/** The addresses of a slave's master at which another key was proven, for its control connection and its link together. */
export class ForeignMasters {
  readonly #clock: Clock;
  readonly #met = new Map<string, { readonly error: ForeignMasterError; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws the error of before if a foreign master was met there within the last minute, when the same pins were expected. */
  check(target: DialTarget): void {
    const key = keyOf(target);
    const met = this.#met.get(key);
    if (!met) return;
    if (this.#clock.monotonic() - met.at < wait) throw met.error;
    this.#met.delete(key);
  }

  /** Notes what was met at an address. */
  note(target: DialTarget, error: ForeignMasterError): void {
    this.#met.set(keyOf(target), { error, at: this.#clock.monotonic() });
  }
}

function keyOf({ address, pin = '', nextPin = '' }: DialTarget): string {
  return `${address} ${pin} ${nextPin}`;
}
