import type { Fingerprint } from './fingerprint.ts';
import type { Welcome } from './messages.ts';
import { hearNextPin, isDisputed, nextPinOf, takeNextPin } from './next-pin.ts';
import type { SlaveCall } from './slave-call.ts';
import type { SlaveEvent } from './slave-event.ts';
import type { SlaveSelf } from './slave-self.ts';

/** The pins by which a slave knows its master: the present one, and the next one while the master changes its key. See next-pin.ts. */
export class SlavePins {
  readonly #self: SlaveSelf;
  readonly #emit: (event: SlaveEvent) => void;
  /** True once this process has told that the pins differ. */
  #hasWarned = false;

  constructor(self: SlaveSelf, emit: (event: SlaveEvent) => void) {
    this.#self = self;
    this.#emit = emit;
  }

  /** Calls `greet` once the pin that the far end has proven is noted: at once, unless it is the next one. Drops a call with a former pin. */
  meet(call: SlaveCall, greet: () => void): void {
    const { provenPin } = call;
    if (this.#isNext(provenPin)) void this.proven(provenPin).then(greet);
    else if (!this.drop(call)) greet();
  }

  /** Drops a call if the pin that its far end has proven was given up meanwhile. Returns whether it was. */
  drop(call: SlaveCall): boolean {
    const isFormer = this.isFormer(call.provenPin);
    if (isFormer) call.fail('its key counts no more: the master has a new one');
    return isFormer;
  }

  /** Returns true if that pin was given up. */
  isFormer(pin: Fingerprint | undefined): boolean {
    return pin !== undefined && this.#self.memory.formerPins?.includes(pin) === true;
  }

  /** Notes the pin that a far end has proven. Resolves once it is stored if it is the next one: the present one counts no more from now on. */
  async proven(pin: Fingerprint | undefined): Promise<void> {
    const { pin: before } = this.#self.memory;
    if (pin === undefined || before === undefined || !this.#isNext(pin)) return;
    const stored = this.#self.changeNow((memory) => takeNextPin(memory, pin));
    this.#emit({ type: 'new-pin', pin, before });
    await stored;
  }

  /** Takes a next pin that the master told. It is confirmed once it is stored. Resolves when that is done, or has failed. */
  async hear(call: SlaveCall, told: Fingerprint): Promise<void> {
    const before = this.#self.memory;
    const isStored = await this.#self.changeNow((memory) => hearNextPin(memory, told));
    const { memory } = this.#self;
    if (isDisputed(memory)) {
      const pins = memory.nextPins ?? [];
      if (!this.#hasWarned) this.#emit({ type: 'disputed', pins });
      this.#hasWarned = true;
      call.send({ type: 'disputes-pin', pins });
    } else if (isStored && nextPinOf(memory) === told) {
      if (memory.nextPins !== before.nextPins) this.#emit({ type: 'next-pin', pin: told });
      call.send({ type: 'holds-pin', pin: told });
    }
  }

  /** Returns true if the far end has proven the present pin, and says that the next one is the master's now: dial again, to see it proven. */
  isDue({ provenPin }: SlaveCall, welcome: Welcome | undefined): boolean {
    const { pin } = this.#self.memory;
    const next = nextPinOf(this.#self.memory);
    return next !== undefined && provenPin === pin && welcome?.masters?.some((master) => master.pin === next) === true;
  }

  #isNext(pin: Fingerprint | undefined): boolean {
    return pin !== undefined && nextPinOf(this.#self.memory) === pin;
  }
}
