import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { TcpAddress } from '../../ports/tcp-address.ts';
import { formatPlace } from '../line.ts';

/** The most places that a welcome tells of one master. */
const mostPlaces = 8;

/** The interfaces of a machine with their addresses, as Node returns them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * Returns the places, `HOST:PORT`, at which others reach a listener of this machine; IPv4 first, at most 8. A listener on all addresses has one for
 * each address that is neither loopback nor link-local. A machine without any such address has that of loopback.
 */
export function ownPlaces({ host, port }: TcpAddress, interfaces: Interfaces = networkInterfaces()): readonly string[] {
  const families = host === '0.0.0.0' ? ['IPv4'] : host === '::' ? ['IPv4', 'IPv6'] : [];
  if (families.length === 0) return [formatPlace(host, port)];
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const places = families.flatMap((family) =>
    all
      .filter((one) => one.family === family && !one.internal && !isLinkLocal(one.address))
      .map(({ address }) => formatPlace(address, port)),
  );
  return places.length === 0 ? [formatPlace('127.0.0.1', port)] : places.slice(0, mostPlaces);
}

/** Returns whether an address is valid on its own link only. [RFC 3927, RFC 4291 2.5.6] */
function isLinkLocal(address: string): boolean {
  return /^(?:169\.254\.|fe[89ab])/i.test(address);
}
