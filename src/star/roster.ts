/** The nodes of a star with their ids. The roster is an immutable value; the master keeps it on disk. */
import { maxId, type NodeId } from './identity.ts';

/** Node key -> id. A key is a slave's own name: 32 random hexadecimal digits that it made once. */
export type Roster = ReadonlyMap<string, NodeId>;

/** The result of a request for an id. */
export type Assignment = { readonly roster: Roster; readonly id: NodeId } | { readonly refusal: string };

/** A node's request beside its key. */
export interface IdWish {
  /** The id that its user demands. */
  readonly demanded?: NodeId | undefined;
  /** The id that the node had before. A master that lost its roster assigns it again if no other node has it. */
  readonly last?: NodeId | undefined;
}

/** Returns true if `key` is a node key. */
export function isNodeKey(key: unknown): key is string {
  return typeof key === 'string' && /^[0-9a-f]{32}$/.test(key);
}

/** Assigns a node its id: the one it has, else the one it demands, had, or the lowest free one. */
export function assignId(roster: Roster, key: string, { demanded, last }: IdWish = {}): Assignment {
  const known = roster.get(key);
  if (known !== undefined && (demanded === undefined || demanded === known)) return { roster, id: known };
  const taken = new Set(roster.values());
  if (demanded !== undefined) {
    if (demanded < 1 || demanded > maxId) return { refusal: `id ${demanded} is not from 1 to ${maxId}` };
    if (taken.has(demanded)) return { refusal: `id ${demanded} belongs to another slave: choose another --id, or none` };
    return assigned(roster, key, demanded);
  }
  if (last !== undefined && last >= 1 && last <= maxId && !taken.has(last)) return assigned(roster, key, last);
  for (let id = 1; id <= maxId; id++) if (!taken.has(id)) return assigned(roster, key, id);
  return { refusal: `all ${maxId} ids are given` };
}

/** Encodes a roster for `decodeRoster`. */
export function encodeRoster(roster: Roster): string {
  return JSON.stringify({ version: 1, nodes: Object.fromEntries(roster) }, null, 1) + '\n';
}

/** Decodes a roster. Returns undefined if the text is damaged: an unknown format, a bad key or id, or an id twice. */
export function decodeRoster(text: string): Roster | undefined {
  const nodes = parseNodes(text);
  if (!nodes) return undefined;
  const roster = new Map<string, NodeId>();
  for (const [key, id] of Object.entries(nodes)) {
    if (!isNodeKey(key) || typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > maxId) return undefined;
    roster.set(key, id);
  }
  return new Set(roster.values()).size === roster.size ? roster : undefined;
}

function parseNodes(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined;
    return 'nodes' in value && typeof value.nodes === 'object' && value.nodes !== null ? value.nodes : undefined;
  } catch {
    return undefined;
  }
}

function assigned(roster: Roster, key: string, id: NodeId): Assignment {
  return { roster: new Map([...roster].filter(([other]) => other !== key)).set(key, id), id };
}
