import { readFileSync } from 'node:fs';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { EtherloomError } from '../../errors.ts';
import type { Random } from '../../random.ts';
import {
  broadcastOf,
  formatIpv4Network,
  ipv4FromNumber,
  ipv4NetworkOf,
  parseIpv4,
  parseIpv4Network,
  type Ipv4Network,
} from '../../wire/ipv4.ts';
import type { StateFiles } from '../state-files.ts';

const networkFile = 'network.json';

/** The private networks from which one is chosen, the next only if the one before is in use as a whole. [RFC 1918, 3] */
const pools: readonly Pool[] = [
  { first: 10 * 2 ** 24, count: 2 ** 16 },
  { first: 172 * 2 ** 24 + 16 * 2 ** 16, count: 2 ** 12 },
  { first: 192 * 2 ** 24 + 168 * 2 ** 16, count: 2 ** 8 },
];

/** Networks of 256 addresses each, one after the other. */
interface Pool {
  readonly first: number;
  readonly count: number;
}

const prefixLength = 24;

/**
 * Returns the network of a group: the given one, else that of an earlier start, else a free one of 256 addresses. It is kept in the state
 * directory for later starts. Throws EtherloomError: `bad-state` if the kept one is damaged, `bad-option` if none is free, and SystemError.
 */
export async function chooseNetwork(
  state: StateFiles,
  given: Ipv4Network | undefined,
  random: Random,
  used: readonly Ipv4Network[] = usedNetworks(),
): Promise<Ipv4Network> {
  const kept = readNetwork(state);
  const network = given ?? kept ?? freeNetwork(used, random);
  if (kept === undefined || formatIpv4Network(kept) !== formatIpv4Network(network))
    await state.write(networkFile, `${JSON.stringify({ version: 1, network: formatIpv4Network(network) })}\n`);
  return network;
}

/** Returns a random network of 256 private addresses that overlaps none of the used ones. Throws EtherloomError('bad-option') if there is none. */
export function freeNetwork(used: readonly Ipv4Network[], random: Random): Ipv4Network {
  for (const { first, count } of pools) {
    const start = random.uint32() % count;
    for (let step = 0; step < count; step++) {
      const address = ipv4FromNumber(first + ((start + step) % count) * 2 ** (32 - prefixLength));
      const network = { address, prefixLength };
      if (!used.some((other) => overlaps(other, network))) return network;
    }
  }
  throw new EtherloomError('bad-option', 'this host uses all private networks; give the group one of them with --subnet');
}

/** Returns the IPv4 networks of this machine's interfaces and routes, except the default route. */
export function usedNetworks(): readonly Ipv4Network[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(networkOfInterface));
  return [...own, ...routes()].filter((network) => network !== undefined);
}

/** Returns the networks in the text of `/proc/net/route`, except the default route. [proc(5)] */
export function networksOfRoutes(text: string): readonly Ipv4Network[] {
  const rows = text.split('\n').slice(1);
  return rows.flatMap((row) => {
    const fields = row.split('\t');
    const [destination, mask] = [numberOf(fields[1]), numberOf(fields[7])];
    return destination === undefined || !mask ? [] : [ipv4NetworkOf(ipv4FromNumber(destination), ones(mask))];
  });
}

function routes(): readonly Ipv4Network[] {
  try {
    return networksOfRoutes(readFileSync('/proc/net/route', 'latin1'));
  } catch {
    // A container may hide it. The interfaces are known all the same.
    return [];
  }
}

/** Reads a number of 32 bits in the order of this machine, which is little-endian, as hexadecimal digits. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9A-F]{8}$/i.test(text)) return undefined;
  return Buffer.from(text, 'hex').readUInt32LE();
}

function ones(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}

function networkOfInterface({ address, cidr }: NetworkInterfaceInfo): Ipv4Network | undefined {
  const host = parseIpv4(address);
  return host === undefined || cidr === null ? undefined : ipv4NetworkOf(host, Number(cidr.split('/')[1]));
}

function overlaps(a: Ipv4Network, b: Ipv4Network): boolean {
  return a.address <= broadcastOf(b) && b.address <= broadcastOf(a);
}

function readNetwork(state: StateFiles): Ipv4Network | undefined {
  const text = state.read(networkFile);
  if (text === undefined) return undefined;
  const network = decodeNetwork(text);
  if (network !== undefined) return network;
  throw new EtherloomError('bad-state', `${state.in(networkFile)} is damaged; remove it, and give the group's network with --subnet`);
}

function decodeNetwork(text: string): Ipv4Network | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('network' in value) || typeof value.network !== 'string') return undefined;
    return parseIpv4Network(value.network);
  } catch {
    return undefined;
  }
}
