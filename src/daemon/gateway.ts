import { isLeasable } from '../dhcp/config.ts';
import { EtherloomError } from '../errors.ts';
import { maxFrame } from '../ports/pure/port.ts';
import { gatewayMac, GatewayPort, type GatewayOptions } from '../ports/slirp/gateway-port.ts';
import { vid } from '../wire/dot1q.ts';
import { broadcastOf, contains, formatIpv4, formatIpv4Network, ipv4FromNumber, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import type { DataPlane } from './data-plane.ts';
import { serverAddress, type NetworkOptions } from '../dhcp/network-plan.ts';
import { frameOverhead } from './segment-mtu.ts';

/** The user's settings of a gateway. Its addresses follow from the network. */
export type GatewayWish = Pick<GatewayOptions, 'allow' | 'forwards' | 'hostLoopback'>;

/** A network and the gateway in it. */
export interface PlannedGateway {
  /** The network, with the addresses of the gateway, which clients receive by DHCP. */
  readonly network: NetworkOptions;
  readonly gateway: GatewayOptions;
}

/**
 * Gives a gateway its addresses in a network: that of the router, and one for DNS, at which it answers for this machine's resolver. Clients
 * receive the latter unless they get other DNS servers. Throws EtherloomError('bad-option') if there is no room, or a forward has no
 * possible guest.
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
      `--dns ${formatIpv4(router)} is the router's address, at which the gateway answers no DNS; leave it out, and clients get the gateway's own DNS address`,
    );
  }
  for (const { guest } of wish.forwards) checkGuest(network, guest, [serverAddress(network), router, own]);
  checkAllowed(network, router, wish);
  return {
    network: { ...options, router, dns: dns.length === 0 ? [own] : dns, kept: [own] },
    gateway: { ...wish, network, router, dns: own, mtu: mtu === undefined ? undefined : Math.min(mtu, maxFrame - frameOverhead.tagged) },
  };
}

/**
 * Opens a gateway and puts it at a port of the switch, until the switch ends. Its addresses are its own from then on. Throws the EtherloomErrors of GatewayPort.open and
 * DataPlane.add.
 */
export async function openGateway(options: GatewayOptions, plane: DataPlane): Promise<void> {
  const port = await GatewayPort.open(options, plane.environment);
  try {
    // The rules for strangers would refuse the gateway's own addresses.
    plane.ports.setGuard(plane.add(port), false);
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw error;
  }
  for (const address of [options.router, options.dns]) plane.switch.senders.reserve({ vid: vid(0), address, mac: gatewayMac(address) });
}

/** Returns the first hosts of the network after the server, without those taken: enough for a router, a DNS server and a guest. */
function hostsAfterServer(network: Ipv4Network, taken: readonly Ipv4Address[]): Ipv4Address[] {
  const first = serverAddress(network) + 1;
  const candidates = Array.from({ length: taken.length + 3 }, (_, i) => first + i).filter((one) => one < broadcastOf(network));
  return candidates.map(ipv4FromNumber).filter((one) => !taken.includes(one));
}

/** Throws EtherloomError('bad-option') for networks that `--gateway-allow` cannot open, and for a loopback that it keeps closed. */
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
