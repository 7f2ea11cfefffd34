import { isLeasable } from '../dhcp/config.ts';
import { EtherloomError } from '../errors.ts';
import { maxFrame } from '../ports/port.ts';
import { GatewayPort, type GatewayOptions } from '../ports/slirp/gateway-port.ts';
import { broadcastOf, contains, formatIpv4, formatIpv4Network, ipv4FromNumber, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import type { DataPlane } from './data-plane.ts';
import { serverAddress, type NetworkOptions } from './network-plan.ts';
import { frameOverhead } from './segment-mtu.ts';

/** What a gateway of a network is to do. Its addresses follow from the network. */
export type GatewayWish = Pick<GatewayOptions, 'allow' | 'forwards' | 'hostLoopback'>;

/** A network and the gateway in it. */
export interface PlannedGateway {
  /** The network, in which the gateway has its addresses and clients are told of them. */
  readonly network: NetworkOptions;
  readonly gateway: GatewayOptions;
}

/**
 * Gives a gateway its place in a network: the router's address, and one at which it answers for the resolver of this machine. Clients are told of
 * the latter unless they are to have other DNS servers. Throws EtherloomError('bad-option') where there is no place, or a forward leads nowhere.
 */
export function planGateway(options: NetworkOptions, wish: GatewayWish): PlannedGateway {
  const { network, mtu, dns = [] } = options;
  const free = hostsAfterServer(network, [...dns, ...(options.router === undefined ? [] : [options.router])]);
  const router = options.router ?? free.shift();
  const own = free.shift();
  if (router === undefined || own === undefined || free.length === 0) {
    throw new EtherloomError(
      'bad-option',
      `cannot give ${formatIpv4Network(network)} a gateway: it has no room for the server, the router, a DNS server and a guest; choose one of /29 or wider`,
    );
  }
  if (dns.includes(router)) {
    throw new EtherloomError(
      'bad-option',
      `--dns ${formatIpv4(router)} is the gateway as router, which answers no DNS; leave it out, and clients are told of the gateway's own DNS`,
    );
  }
  for (const { guest } of wish.forwards) checkGuest(network, guest, [serverAddress(network), router, own]);
  checkAllowed(network, router, wish);
  return {
    network: { ...options, router, dns: dns.length === 0 ? [own] : dns, kept: [own] },
    gateway: { ...wish, network, router, dns: own, mtu: mtu === undefined ? undefined : Math.min(mtu, maxFrame - frameOverhead.tagged) },
  };
}

/** Opens a gateway and puts it at a port of the switch, for as long as that. Throws EtherloomError: what GatewayPort.open and DataPlane.add throw. */
export async function openGateway(options: GatewayOptions, plane: DataPlane): Promise<void> {
  const port = await GatewayPort.open(options, plane.environment);
  try {
    plane.add(port);
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw error;
  }
}

/** Returns the first hosts of the network after the server, without those: as many as are looked at, and one more. */
function hostsAfterServer(network: Ipv4Network, taken: readonly Ipv4Address[]): Ipv4Address[] {
  const first = serverAddress(network) + 1;
  const candidates = Array.from({ length: taken.length + 3 }, (_, i) => first + i).filter((one) => one < broadcastOf(network));
  return candidates.map(ipv4FromNumber).filter((one) => !taken.includes(one));
}

/** Throws EtherloomError('bad-option') for what `--gateway-allow` cannot open, and for a loopback that it keeps closed. */
function checkAllowed(own: Ipv4Network, router: Ipv4Address, { allow, hostLoopback }: GatewayWish): void {
  const opensRouter = allow.some(({ network }) => contains(network, router));
  if (hostLoopback && allow.length > 0 && !opensRouter) {
    throw new EtherloomError(
      'bad-option',
      `--gateway-loopback has no effect: --gateway-allow does not list the router; add --gateway-allow ${formatIpv4(router)}`,
    );
  }
  for (const { network } of allow) {
    const isOwn = contains(own, network.address) && network.prefixLength >= own.prefixLength;
    const first = network.prefixLength < 8 ? undefined : network.address >>> 24;
    if (first === 127 || (isOwn && !(hostLoopback && contains(network, router)))) {
      throw new EtherloomError(
        'bad-option',
        `--gateway-allow ${formatIpv4Network(network)} has no effect: it is not behind the gateway; leave it out, or add --gateway-loopback and allow ${formatIpv4(router)} for services of this machine's loopback`,
      );
    }
  }
}

function checkGuest(network: Ipv4Network, guest: Ipv4Address, taken: readonly Ipv4Address[]): void {
  if (isLeasable(network, guest) && !taken.includes(guest)) return;
  throw new EtherloomError(
    'bad-option',
    `cannot forward to ${formatIpv4(guest)}: no guest of ${formatIpv4Network(network)} can have it; give the address of a guest`,
  );
}
