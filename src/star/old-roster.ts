import { maxId, type NodeId } from './identity.ts';
import { isNodeKey } from './node-key.ts';

/**
 * Decodes the roster of version 0.2.0: each node key with its id. Returns undefined if the text is damaged: an unknown format, a bad key or id,
 * or an id twice.
 */
export function decodeRoster(text: string): ReadonlyMap<string, NodeId> | undefined {
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
