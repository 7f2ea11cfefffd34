import { createPrivateKey, createPublicKey, generateKeyPair, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { EtherloomError } from '../../errors.ts';
import { fingerprintOf, type Fingerprint } from '../fingerprint.ts';
import type { StateFiles } from '../state-files.ts';
import { selfSign } from './certificate.ts';
import { nodeDigest } from './digest.ts';

/** A node, for TLS: a key and a certificate of its own, both as PEM, and the hash by which others know the node. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: Fingerprint;
}

/** The file of an identity: its key, then its certificate, as PEM. Only its user can read it. */
export const identityFile = 'identity.pem';

/** The file of an identity that is to replace the present one. */
export const nextIdentityFile = 'identity-next.pem';

const newKeyPair = promisify(generateKeyPair);

/**
 * Returns a new identity that is in memory alone, for members that are forgotten when they end. Its key is of P-256: OpenSSL signs and verifies
 * with it in half the time of Ed25519, and browsers and security chips have it too.
 */
export async function newIdentity(): Promise<Identity> {
  const { privateKey } = await newKeyPair('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, certificate: selfSign(privateKey), fingerprint: fingerprintOfKey(privateKey) };
}

/** Returns the identity of a state directory. Makes it first if there is none: it is on the disk before it is used. Throws as `readIdentity`. */
export async function openIdentity(state: StateFiles): Promise<Identity> {
  return readIdentity(state) ?? replaceIdentity(state);
}

/** Makes a new identity in a state directory, in place of the one there. Rejects with SystemError; then the old one is still there. */
export async function replaceIdentity(state: StateFiles): Promise<Identity> {
  const identity = await newIdentity();
  await writeIdentity(state, identity);
  return identity;
}

/** Writes an identity to a file of a state directory, in one step. Rejects with SystemError. */
export async function writeIdentity(state: StateFiles, { key, certificate }: Identity, file = identityFile): Promise<void> {
  await state.write(file, key + certificate);
}

/** Returns the identity of a state directory, or undefined if there is none. Throws EtherloomError `bad-state` if it is damaged, or SystemError. */
export function readIdentity(state: StateFiles, file = identityFile): Identity | undefined {
  const text = state.read(file);
  if (text === undefined) return undefined;
  const identity = decodeIdentity(text);
  if (identity) return identity;
  throw new EtherloomError(
    'bad-state',
    `cannot use ${state.in(file)}: it is not a key and its certificate; restore it from a backup, or remove it, and this node gets a new key and is a new one to others`,
  );
}

/** Decodes the text of an identity's file. Returns undefined if it is damaged, or the certificate is not of the key. */
function decodeIdentity(text: string): Identity | undefined {
  const [, key, certificate] =
    /^(-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n)$/.exec(
      text,
    ) ?? [];
  if (key === undefined || certificate === undefined) return undefined;
  try {
    const privateKey = createPrivateKey(key);
    if (!new X509Certificate(certificate).checkPrivateKey(privateKey)) return undefined;
    return { key, certificate, fingerprint: fingerprintOfKey(privateKey) };
  } catch {
    return undefined;
  }
}

function fingerprintOfKey(key: KeyObject): Fingerprint {
  return fingerprintOf(createPublicKey(key).export({ type: 'spki', format: 'der' }), nodeDigest);
}
