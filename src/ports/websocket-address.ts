import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, EtherloomError, SystemError } from '../errors.ts';
import { exposureOf } from './exposure.ts';
import { formatTcpAddress, parseTcpAddress, type TcpAddress } from './tcp-address.ts';

/** The most octets of a token's file that are read. */
const mostRead = 4096;

/** The address for WebSocket connections, and the condition to be admitted. */
export interface WebSocketAddress extends TcpAddress {
  /** The path that clients must request, with its first slash. */
  readonly path: string;
  /** The token that clients must present. Without one, only this machine's programs and pages are admitted. */
  readonly token?: string;
}

/** Host and port, path, and query. */
const form = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?$/;

/**
 * Parses `HOST:PORT/PATH?token=TOKEN`; path and token may be left out. `token-file=FILE` and `token-env=NAME` name the place of the token,
 * so that it is not visible in the list of processes. Throws EtherloomError: `bad-address`, and a SystemError if the file cannot be read.
 */
export function parseWebSocketAddress(text: string): WebSocketAddress {
  const [, tcp = '', path = '', query = ''] = form.exec(text) ?? [];
  const [given, ...others] = new URLSearchParams(query);
  const token = given && others.length === 0 ? tokenOf(...given) : undefined;
  if (given && token === undefined) {
    throw new EtherloomError(
      'bad-address',
      `${tcp}${path} must be followed by nothing, or by one of ?token=TOKEN, ?token-file=FILE and ?token-env=NAME`,
    );
  }
  const address = { ...parseTcpAddress(tcp), path: new URL(`ws://host${path}`).pathname };
  return token === undefined ? address : { ...address, token };
}

/** Returns the place of an address's token, in words; undefined if it has none outside of the address. It opens no file. */
export function tokenPlaceIn(text: string): string | undefined {
  const places = [...new URLSearchParams(form.exec(text)?.[3] ?? '')].map(([name, value]) => placeOf(name, value));
  return places.find((place) => place !== undefined);
}

/**
 * Throws EtherloomError('not-permitted') if programs beyond this machine could read and send frames. Calls `warn` if they could listen in.
 */
export function checkWebSocketExposure({ host, port, path, token }: WebSocketAddress, warn?: (message: string) => void): void {
  const address = formatTcpAddress({ host, port });
  const exposure = exposureOf(host, { plain: token !== undefined });
  if (exposure === 'refused') {
    const remedy = `require a token that they cannot guess: ws://${address}${path}?token=TOKEN`;
    throw new EtherloomError(
      'not-permitted',
      `cannot listen on ${address} without a token: anyone who reaches it could read and send frames; ${remedy}`,
    );
  }
  if (exposure === 'plain')
    warn?.(`WebSocket connections to ${address} are not encrypted; put a TLS proxy before it if others can listen in`);
}

/** Returns the token that a parameter names, or undefined for another parameter. Throws EtherloomError: `bad-address`, `system`. */
function tokenOf(name: string, value: string): string | undefined {
  if (name === 'token') return value === '' ? undefined : value;
  const place = placeOf(name, value);
  if (place === undefined) return undefined;
  return tokenIn(name === 'token-env' ? process.env[value] : firstLineOf(value), place);
}

function placeOf(name: string, value: string): string | undefined {
  if (name === 'token-env') return `the environment variable ${value}`;
  return name === 'token-file' ? `the file ${value}` : undefined;
}

function tokenIn(text: string | undefined, place: string): string {
  if (text !== undefined && text !== '') return text;
  throw new EtherloomError(
    'bad-address',
    `there is no token in ${place}; put one there, or name another place with ?token-file=FILE or ?token-env=NAME`,
  );
}

/** Reads a regular file alone, in one piece: a pipe or a device would stop the process, or never end. */
function firstLineOf(path: string): string | undefined {
  const fd = openedFile(path);
  try {
    const octets = Buffer.alloc(fstatSync(fd).isFile() ? mostRead : 0);
    if (octets.length === 0) throw new EtherloomError('bad-address', `the token file ${path} is not a regular file; choose one that is`);
    const count = readSync(fd, octets);
    const [line = '', ...more] = octets.toString('utf8', 0, count).split('\n');
    if (more.length > 0 || count < mostRead) return line.trim();
    throw new EtherloomError(
      'bad-address',
      `the first line of the token file ${path} has more than ${mostRead - 1} octets; use a shorter token`,
    );
  } finally {
    closeSync(fd);
  }
}

function openedFile(path: string): number {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot read the token file ${path}`);
  }
}
