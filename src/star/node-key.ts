/** Returns true if `key` is the key of a plain slave, by which it is known: 32 hexadecimal digits that it made at random, once. */
export function isNodeKey(key: unknown): key is string {
  return typeof key === 'string' && /^[0-9a-f]{32}$/.test(key);
}
