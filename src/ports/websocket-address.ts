import { readFileSync } from 'node:fs';
import { errnoOf, EtherloomError, SystemError } from '../errors.ts';
import { exposureOf } from './exposure.ts';
import { formatTcpAddress, parseTcpAddress, type TcpAddress } from './tcp-address.ts';

/** The address for WebSocket connections, and the condition to be admitted. */
export interface WebSocketAddress extends TcpAddress {
  /** The path that clients must request, with its first slash. */
  readonly path: string;
  /** The token that clients must present. Without one, only this machine's programs and pages are admitted. */
  readonly token?: string;
}

/**
 * Parses `HOST:PORT/PATH?token=TOKEN`; path and token may be left out. `token-file=FILE` and `token-env=NAME` name the place of the token,
 * so that it is not visible in the list of processes. Throws EtherloomError: `bad-address`, and a SystemError if the file cannot be read.
 */
export function parseWebSocketAddress(text: string): WebSocketAddress {
  const [, tcp = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?$/.exec(text) ?? [];
  const [given, ...others] = new URLSearchParams(query);
  const token = given && tokenOf(...given);
  if ((given && token === undefined) || others.length > 0) {
    throw new EtherloomError(
      'bad-address',
      `${tcp}${path} must be followed by nothing, or by one of ?token=TOKEN, ?token-file=FILE and ?token-env=NAME`,
    );
  }
  const address = { ...parseTcpAddress(tcp), path: new URL(`ws://host${path}`).pathname };
  return token === undefined ? address : { ...address, token };
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
  if (name === 'token-env') return tokenIn(process.env[value], `the environment variable ${value}`);
  return name === 'token-file' ? tokenIn(firstLineOf(value), value) : undefined;
}

function tokenIn(text: string | undefined, place: string): string {
  if (text !== undefined && text !== '') return text;
  throw new EtherloomError(
    'bad-address',
    `there is no token in ${place}; put one there, or name another place with ?token-file=FILE or ?token-env=NAME`,
  );
}

function firstLineOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0]?.trim();
  } catch (error) {
    throw new SystemError(errnoOf(error) ?? 'EIO', `cannot read the token file ${path}`);
  }
}
