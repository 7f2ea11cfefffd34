import type { Random } from '../../src/random.ts';

/** The nodes of each LAN. Node 0 is the master, which is outside. */
export const lans: readonly (readonly number[])[] = [
  [1, 2, 3],
  [4, 5, 6],
];

/** The kinds of faults. */
export const faultKinds = ['lan', 'away', 'both', 'island', 'pull', 'kill', 'stop'] as const;

/**
 * A kind of fault. `lan`: two nodes of one LAN do not reach each other; `away`: a node does not reach the master; `both` of these; `island`: a whole LAN
 * does not reach the master; `pull`: a node's cable is pulled; `kill`: its process is killed; `stop`: its process stands still.
 */
export type FaultKind = (typeof faultKinds)[number];

/** A fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** The number of the node; 0, the master, is only killed or stopped. */
  readonly node: number;
  /** A node of the same LAN. */
  readonly other: number;
  /** How long it lasts, in milliseconds. A killed node is started again at its end. */
  readonly lasts: number;
}

/** Of so many kills and stops, one is the master's. */
const mastersShare = 2;

/** The longest faults, in milliseconds. Some without the master are longer than shortcuts live without it. */
const longest: Readonly<Record<FaultKind, number>> = {
  lan: 5000,
  away: 13_000,
  both: 5000,
  island: 13_000,
  pull: 7000,
  kill: 2000,
  stop: 7000,
};
const shortest = 50;

/** How long a shortcut surely lives without the master, in milliseconds. */
export const survival = 8500;

/** Draws a fault. */
export function drawFault(random: Random): Fault {
  const kind = faultKinds[random.uint32() % faultKinds.length] ?? 'lan';
  const lan = lans[random.uint32() % lans.length] ?? [];
  const at = random.uint32() % lan.length;
  const other = lan[(at + 1 + (random.uint32() % (lan.length - 1))) % lan.length] ?? 0;
  const isMasters = (kind === 'kill' || kind === 'stop') && random.uint32() % mastersShare === 0;
  return { kind, node: isMasters ? 0 : (lan[at] ?? 0), other, lasts: shortest + (random.uint32() % (longest[kind] - shortest)) };
}

/** Returns whether two nodes are in one LAN. */
export function areNear(one: number, other: number): boolean {
  return one !== other && lans.some((lan) => lan.includes(one) && lan.includes(other));
}

/** How long a flow has a path while there is a fault: always, as long as a shortcut lives without the master, or perhaps never. */
export type Path = 'always' | 'for a while' | 'perhaps never';

/** Returns the path of the frames between two nodes during a fault. `isDirect` says whether they went by a shortcut when it began. */
export function pathDuring({ kind, node, other }: Fault, one: number, two: number, isDirect: boolean): Path {
  const concerns = one === node || two === node;
  if (concerns && ['pull', 'kill', 'stop'].includes(kind)) return 'perhaps never';
  const isUplinked = !(
    node === 0 ||
    (concerns && ['away', 'both'].includes(kind)) ||
    (kind === 'island' && [one, two].some((each) => each === node || areNear(each, node)))
  );
  if (isUplinked) return 'always';
  const isApart = kind === 'both' && concerns && (one === other || two === other);
  return isDirect && !isApart ? 'for a while' : 'perhaps never';
}

/** Returns the text of a fault, for people. */
export function textOf({ kind, node, other, lasts }: Fault): string {
  const name = node === 0 ? 'master' : `slave ${node}`;
  return `${kind} ${name}${kind === 'lan' || kind === 'both' ? ` and ${other}` : ''}, ${(lasts / 1000).toFixed(1)} s`;
}
