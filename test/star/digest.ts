import { createHash, timingSafeEqual } from 'node:crypto';
import type { Digest } from '../../src/star/fingerprint.ts';

/** Node's SHA-256. */
export const digest: Digest = {
  sha256: (octets) => new Uint8Array(createHash('sha256').update(octets).digest()),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
