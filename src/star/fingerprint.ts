import { encodeBase32, isBase32 } from './base32.ts';

/**
 * A node's identity: the first 20 octets of the SHA-256 of its public key (the SPKI in DER), as 32 letters of base32. It is the pin in a line,
 * the key of a member, and the fingerprint of a peer.
 */
export type Fingerprint = string;

/** SHA-256, as an argument: Node and browsers have it in different places. */
export interface Digest {
  /** Returns the 32 octets of the hash. [FIPS 180-4] */
  sha256(octets: Uint8Array): Uint8Array;
  /** Compares in a time that does not depend on the contents. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

/** The length of a fingerprint, in letters. */
export const fingerprintLength = 32;

const hashOctets = 20;

/** Returns the fingerprint of a public key, given as SPKI in DER. */
export function fingerprintOf(spki: Uint8Array, digest: Pick<Digest, 'sha256'>): Fingerprint {
  return encodeBase32(digest.sha256(spki).subarray(0, hashOctets));
}

/** Returns true if `text` has the form of a fingerprint. */
export function isFingerprint(text: unknown): text is Fingerprint {
  return typeof text === 'string' && isBase32(text, fingerprintLength);
}
