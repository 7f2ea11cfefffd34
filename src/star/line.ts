import { EtherloomError } from '../errors.ts';
import { isBase32 } from './base32.ts';
import { fingerprintLength, type Fingerprint } from './fingerprint.ts';
import { secretLength, tokenIdLength, type Token } from './token.ts';

/**
 * The line that a host is joined by: `HOST:PORT/PIN.ID.SECRET`; while the master changes its key, `HOST:PORT/PIN.NEXTPIN.ID.SECRET`, which is
 * good before the change and after it.
 */
export interface JoinLine {
  /** A name or an address. An IPv6 address stands without brackets. */
  readonly host: string;
  readonly port: number;
  /** The master's fingerprint. */
  readonly pin: Fingerprint;
  /** The fingerprint of the master's next key. */
  readonly nextPin?: Fingerprint | undefined;
  readonly token: Token;
}

/** Writes a line. It holds a secret: it goes to a terminal, or to a file that only its owner reads. */
export function formatLine({ host, port, pin, nextPin, token }: JoinLine): string {
  const pins = nextPin === undefined ? pin : `${pin}.${nextPin}`;
  return `${formatPlace(host, port)}/${pins}.${token.id}.${token.secret}`;
}

/**
 * Reads a line, with the command before it or without, and with white space and line breaks that a chat put into it. Throws
 * EtherloomError('bad-option') that says which part is wrong, and shows none of the text, since that may be the secret.
 */
export function parseLine(text: string): JoinLine {
  const line = text.replace(/^\s*etherloom\s+join\s/, '').replace(unseen, '');
  if (line === '') throw wrong('it is empty');
  const slash = line.lastIndexOf('/');
  if (slash < 0) throw wrong('it has no "/" between the address and the pin');
  const place = parsePlace(line.slice(0, slash));
  if (typeof place === 'string') throw wrong(place);
  const parts = line
    .slice(slash + 1)
    .toLowerCase()
    .split('.');
  if (parts.length !== 3 && parts.length !== 4) throw wrong(`${parts.length} parts stand after "/", and not PIN.ID.SECRET`);
  const [pin = '', nextPin] = parts.slice(0, -2);
  const [id = '', secret = ''] = parts.slice(-2);
  const fault =
    faultOf('pin', pin, fingerprintLength) ??
    (nextPin === undefined ? undefined : faultOf('second pin', nextPin, fingerprintLength)) ??
    faultOf("token's id", id, tokenIdLength) ??
    faultOf('secret', secret, secretLength);
  if (fault !== undefined) throw wrong(fault);
  return { ...place, pin, ...(nextPin !== undefined && { nextPin }), token: { id, secret } };
}

/** Writes a place: `HOST:PORT`, an IPv6 host without brackets. */
export function formatPlace(host: string, port: number): string {
  return `${host.replace(/^\[(.*)\]$/, '$1')}:${port}`;
}

/** Reads a place: the last `:` begins the port. Brackets of an IPv6 host are removed. Returns the fault, if it is none. */
export function parsePlace(text: string): { readonly host: string; readonly port: number } | string {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'its address has no ":" before the port';
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const digits = text.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) return 'its port is not a number from 1 to 65535';
  if (host === '') return 'its address has no host before the port';
  return /^[A-Za-z0-9._:%-]{1,253}$/.test(host) ? { host, port } : 'its host has a character that no name or address has';
}

/** White space, and characters without width that chats insert. */
const unseen = /[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]+/g;

function faultOf(part: string, text: string, length: number): string | undefined {
  if (text.length !== length) return `its ${part} has ${text.length} letters instead of ${length}`;
  return isBase32(text, length) ? undefined : `its ${part} has a character other than a-z and 2-7`;
}

function wrong(fault: string): EtherloomError {
  return new EtherloomError('bad-option', `cannot read the line to join by: ${fault}; copy the whole line HOST:PORT/PIN.ID.SECRET again`);
}
