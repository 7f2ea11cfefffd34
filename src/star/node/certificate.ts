/**
 * A self-signed certificate without a name or an end: TLS carries public keys in this form. The far end judges the key alone.
 *
 *   Certificate ::= { TBSCertificate, ecdsa-with-SHA256, signature }                              [RFC 5280, 4.1]
 *   TBSCertificate ::= { version 3, serial number, algorithm, issuer, validity, subject, SubjectPublicKeyInfo }
 */
import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
/** The context-specific tag of the version. */
const VERSION = 0xa0;

/** 1.2.840.10045.4.3.2 [RFC 5758, 3.2] */
const ecdsaWithSha256 = '2a8648ce3d040302';
/** 2.5.4.3 [RFC 4519, 2.3] */
const commonName = '550403';
const commonNameOfAll = 'etherloom';
const [firstDay, lastDay] = ['20000101000000Z', '99991231235959Z'];

/** Returns the certificate of a P-256 key as PEM. Twice the same key gives the same content under another signature. */
export function selfSign(key: KeyObject): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const algorithm = der(SEQUENCE, oid(ecdsaWithSha256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, oid(commonName), text(UTF8_STRING, commonNameOfAll))));
  const content = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serialOf(publicKey)),
    algorithm,
    name,
    der(SEQUENCE, text(GENERALIZED_TIME, firstDay), text(GENERALIZED_TIME, lastDay)),
    name,
    publicKey,
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, key)]);
  return pem('CERTIFICATE', der(SEQUENCE, content, algorithm, der(BIT_STRING, signature)));
}

/** Returns a positive number of 16 octets that belongs to this key. */
function serialOf(publicKey: Uint8Array): Buffer {
  const serial = createHash('sha256').update(publicKey).digest().subarray(0, 16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

/** Returns an element of DER: its tag, its length and its content. [X.690, 8.1] */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

/** Returns a length in its shortest form, up to 65,535. */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function oid(hex: string): Buffer {
  return der(OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'));
}

function text(tag: number, value: string): Buffer {
  return der(tag, Buffer.from(value));
}

function pem(label: string, octets: Buffer): string {
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
