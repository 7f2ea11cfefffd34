/**
 * The change of a master's key, as a slave follows it. The master tells the pin of its next key under the present one, and the slave holds both.
 * Once it has seen the next key proven, the present pin counts no more, for good. A slave that was told two different next pins has met a thief
 * who has the present key, too, and cannot know which of the two is the master: it takes neither.
 */
import type { Fingerprint } from './fingerprint.ts';
import type { SlaveMemory } from './slave-memory.ts';

/** The most pins that were given up, and are remembered. */
const mostFormer = 16;

/** Returns the next pin, which counts beside the present one; undefined if none was told, or different ones were. */
export function nextPinOf({ nextPins = [] }: SlaveMemory): Fingerprint | undefined {
  return nextPins.length === 1 ? nextPins[0] : undefined;
}

/** Returns true if different next pins were told: none of them counts. */
export function isDisputed({ nextPins = [] }: SlaveMemory): boolean {
  return nextPins.length > 1;
}

/** Returns the state of a slave that was told a next pin, under the present one. It is the same object if that changes nothing. */
export function hearNextPin(memory: SlaveMemory, told: Fingerprint): SlaveMemory {
  const { pin, nextPins = [], formerPins = [] } = memory;
  if (pin === undefined || pin === told || nextPins.includes(told) || isDisputed(memory) || formerPins.includes(told)) return memory;
  return { ...memory, nextPins: [...nextPins, told] };
}

/** Returns the state of a slave to which its master has proven the next key. The places that the master told are those of the new pin now. */
export function takeNextPin(memory: SlaveMemory, proven: Fingerprint): SlaveMemory {
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
