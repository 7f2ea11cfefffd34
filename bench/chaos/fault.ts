import type { Random } from '../../src/random.ts';

/** The kinds of faults. */
export const faultKinds = ['kill', 'pull', 'hole', 'stop'] as const;

/** A kind of fault: a node is killed; its cable is pulled, or carries nothing; or its process stands still. */
export type FaultKind = (typeof faultKinds)[number];

/** A fault of one node. */
export interface Fault {
  readonly kind: FaultKind;
  /** The number of the node; 0 is the master. */
  readonly node: number;
  /** How long it lasts, in milliseconds. A killed node is started again at its end. */
  readonly lasts: number;
}

/** Of so many faults, one is the master's. */
const mastersShare = 3;

/** The longest faults, in milliseconds: longer than the silence after which a far end counts as gone. */
const longest: Readonly<Record<FaultKind, number>> = { kill: 2000, pull: 7000, hole: 7000, stop: 7000 };
const shortest = 50;

/** Draws a fault in a star with so many slaves. */
export function drawFault(random: Random, slaves: number): Fault {
  const kind = faultKinds[random.uint32() % faultKinds.length] ?? 'kill';
  const node = random.uint32() % mastersShare === 0 ? 0 : 1 + (random.uint32() % slaves);
  return { kind, node, lasts: shortest + (random.uint32() % (longest[kind] - shortest)) };
}
