import { isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import { EtherloomError, reasonOf } from '../errors.ts';

/** A host (name or address) and a port. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Parses `HOST:PORT`, with an IPv6 address in brackets. Throws EtherloomError('bad-address'). */
export function parseTcpAddress(text: string): TcpAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && (!isIPv6(host) || host.includes('%')))) {
    throw new EtherloomError(
      'bad-address',
      `${text} is not HOST:PORT; write it as 127.0.0.1:7000, or [::1]:7000 with an IPv6 address in brackets and without a zone`,
    );
  }
  return { host, port };
}

/** Formats an address as `parseTcpAddress` reads it. */
export function formatTcpAddress({ host, port }: TcpAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Returns the first address of a host, as the system resolves it; with `family` the first of that version of IP. Throws
 * EtherloomError('bad-address') for a name without an address.
 */
export async function resolveHost(host: string, family?: 4 | 6): Promise<string> {
  try {
    const { address } = await lookup(host, { family: family ?? 0 });
    return address;
  } catch (error) {
    throw new EtherloomError('bad-address', `${host} has no address: ${reasonOf(error)}; check the name, or give the address`, {
      cause: error,
    });
  }
}
