import type { Random } from '../random.ts';
import { encodeBase32, isBase32 } from './base32.ts';
import type { Digest } from './fingerprint.ts';
import type { NodeId } from './identity.ts';

/** The right to join, as a slave holds it: the token's public id, and the secret that proves it. */
export interface Token {
  /** 8 letters of base32, from 5 octets. */
  readonly id: string;
  /** 26 letters of base32, from 16 octets. */
  readonly secret: string;
}

/** A token, as the master keeps it: without the secret. Times are the master's wall clock, in milliseconds since 1970. */
export interface TokenRecord {
  readonly id: string;
  /** The SHA-256 of the secret's letters, as 52 letters of base32. */
  readonly hash: string;
  readonly made: number;
  readonly expires: number;
  /** The number of joins that it allows; undefined for any number. */
  readonly uses?: number | undefined;
  /** The number of joins that used it. */
  readonly used: number;
  /** The time of the last of these. */
  readonly lastUsed?: number | undefined;
  /** The id that the joining node gets. */
  readonly member?: NodeId | undefined;
  /** The name that the joining node gets. */
  readonly name?: string | undefined;
  /** True if it is for nodes that keep no key: they are forgotten soon after they were last seen. */
  readonly ephemeral?: true | undefined;
  /** The key that the joining node replaces: it gets that member's id, and the old key is barred. */
  readonly replaces?: string | undefined;
  /** The last pin in its lines; undefined if it is in none. */
  readonly pin?: string | undefined;
  /** The time at which it was revoked. */
  readonly revoked?: number | undefined;
}

/** The length of a token's id, in letters. */
export const tokenIdLength = 8;

/** The length of a token's secret, in letters. */
export const secretLength = 26;

/** Makes a token. `random` must be fit for keys. */
export function makeToken(random: Random): Token {
  return { id: encodeBase32(randomOctets(random, 5)), secret: encodeBase32(randomOctets(random, 16)) };
}

/** Returns the hash of a secret, for a TokenRecord. */
export function hashOfSecret(secret: string, digest: Pick<Digest, 'sha256'>): string {
  return encodeBase32(digest.sha256(octetsOf(secret)));
}

/** Returns true if the secret is the token's. Takes the same time for each wrong one. */
export function isSecretOf(record: Pick<TokenRecord, 'hash'>, secret: string, digest: Digest): boolean {
  return digest.equal(octetsOf(hashOfSecret(secret, digest)), octetsOf(record.hash));
}

/** Returns true if `text` has the form of a token's id. */
export function isTokenId(text: unknown): text is string {
  return typeof text === 'string' && isBase32(text, tokenIdLength);
}

/** Returns true if `text` has the form of a token's secret. */
export function isSecret(text: unknown): text is string {
  return typeof text === 'string' && isBase32(text, secretLength);
}

/** Returns so many random octets. */
export function randomOctets(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.uint32() & 0xff);
}

/** Returns the octets of ASCII text. */
function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
