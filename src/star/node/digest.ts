import { createHash, timingSafeEqual } from 'node:crypto';
import type { Digest } from '../fingerprint.ts';

/** SHA-256 by Node. */
export const nodeDigest: Digest = {
  sha256: (octets) => createHash('sha256').update(octets).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
