/**
 * The change of a master's key, as a slave follows it. The master tells the pin of its next key under the present one, and the slave holds both.
 * Once it has seen the next key proven, the present pin counts no more, for good. A slave that was told two different next pins has met a thief
 * who has the present key, too, and cannot know which of the two is the master: it takes neither.
 */
import type { Fingerprint } from './fingerprint.ts';
import type { Welcome } from './messages.ts';

/** The pins by which a slave knows its master, as it stores them. */
export interface Pins {
  /** The master's fingerprint; undefined in the plain star. */
  readonly pin?: Fingerprint | undefined;
  /** The pins of the master's next key, as it was told them under the present one: one; or two different ones, and then none counts. */
  readonly nextPins?: readonly Fingerprint[] | undefined;
  /** The pins that its master gave up for new keys: they never count again. */
  readonly formerPins?: readonly Fingerprint[] | undefined;
}

/** The most pins that were given up, and are remembered. */
const mostFormer = 16;

/** Returns the next pin, which counts beside the present one; undefined if none was told, or different ones were. */
export function nextPinOf({ nextPins = [] }: Pins): Fingerprint | undefined {
  return nextPins.length === 1 ? nextPins[0] : undefined;
}

/** Returns true if different next pins were told: none of them counts. */
export function isDisputed({ nextPins = [] }: Pins): boolean {
  return nextPins.length > 1;
}

/** Returns the state of a slave that was told a next pin, under the present one. It is the same object if that changes nothing. */
export function hearNextPin<Memory extends Pins>(memory: Memory, told: Fingerprint): Memory {
  const { pin, nextPins = [], formerPins = [] } = memory;
  if (pin === undefined || pin === told || nextPins.includes(told) || isDisputed(memory) || formerPins.includes(told)) return memory;
  return { ...memory, nextPins: [...nextPins, told] };
}

/** Returns the state of a slave to which its master has proven the next key. The places that the master told are those of the new pin now. */
export function takeNextPin<Memory extends Pins & { readonly welcome?: Welcome | undefined }>(memory: Memory, proven: Fingerprint): Memory {
  const { pin, welcome, formerPins = [] } = memory;
  if (pin === undefined || nextPinOf(memory) !== proven) return memory;
  const masters = welcome?.masters?.map((master) => (master.pin === pin ? { ...master, pin: proven } : master));
  return {
    ...memory,
    pin: proven,
    nextPins: undefined,
    formerPins: [...formerPins, pin].slice(-mostFormer),
    welcome: welcome && { ...welcome, masters },
  };
}
