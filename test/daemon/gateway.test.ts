import { describe, expect, it } from 'vitest';
import { planGateway, type GatewayWish } from '../../src/daemon/gateway.ts';
import { formatRange, NetworkPlan, type NetworkOptions } from '../../src/dhcp/network-plan.ts';
import { formatIpv4, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { ip, net } from '../ports/slirp/slirp-peer.ts';

const wish: GatewayWish = { allow: [], forwards: [], hostLoopback: false };
const planned = (options: NetworkOptions, more: Partial<GatewayWish> = {}): ReturnType<typeof planGateway> =>
  planGateway(options, { ...wish, ...more });

/** Router and DNS server that clients are told, the gateway's own two, and the pool. */
function addresses(options: Omit<NetworkOptions, 'network'> & { readonly subnet?: string }): string[] {
  const { network, gateway } = planned({ network: net(options.subnet ?? '10.77.0.0/24'), ...options });
  const plan = new NetworkPlan(network);
  const told = [network.router ?? 0, ...(network.dns ?? [])].map((one) => formatIpv4(ipv4FromNumber(one)));
  return [told.join(' '), `${formatIpv4(gateway.router)} ${formatIpv4(gateway.dns)}`, plan.pool.map(formatRange).join(' ')];
}

describe('the place of a gateway in a network', () => {
  it('is after the server, is told to clients and left out of their addresses', () => {
    expect(addresses({})).toEqual(['10.77.0.2 10.77.0.3', '10.77.0.2 10.77.0.3', '10.77.0.4-10.77.0.254']);
    const range = { start: ip('10.77.0.1'), end: ip('10.77.0.9') };
    expect(addresses({ range })).toEqual(['10.77.0.2 10.77.0.3', '10.77.0.2 10.77.0.3', '10.77.0.4-10.77.0.9']);
    expect(addresses({ subnet: '10.77.0.0/29' })).toEqual(['10.77.0.2 10.77.0.3', '10.77.0.2 10.77.0.3', '10.77.0.4-10.77.0.6']);
  });

  it('heeds the router that is said, and leaves other DNS servers their addresses', () => {
    expect(addresses({ router: ip('10.77.0.254') })).toEqual(['10.77.0.254 10.77.0.2', '10.77.0.254 10.77.0.2', '10.77.0.3-10.77.0.253']);
    expect(addresses({ dns: [ip('10.77.0.3'), ip('9.9.9.9')] })).toEqual([
      '10.77.0.2 10.77.0.3 9.9.9.9',
      '10.77.0.2 10.77.0.4',
      '10.77.0.5-10.77.0.254',
    ]);
  });

  it('refuses its own address as router for a DNS server, since nothing answers there', () => {
    expect(() => addresses({ router: ip('10.77.0.254'), dns: [ip('10.77.0.254')] })).toThrow(
      "--dns 10.77.0.254 is the router's address, at which the gateway answers no DNS; leave it out, and clients get the gateway's own DNS address",
    );
  });

  it('is told the MTU of the network, as far as its stream carries it', () => {
    const mtus = [undefined, 1400, 9000, 65_000].map((mtu) => planned({ network: net('10.77.0.0/24'), mtu }).gateway.mtu);
    expect(mtus).toEqual([undefined, 1400, 9000, 9216]);
  });

  it('takes a network with room for a guest, and forwards to guests alone', () => {
    expect(() => planned({ network: net('10.77.0.0/30') })).toThrow(/no room for .* a guest; choose one of \/29 or wider/);
    for (const guest of ['10.77.0.1', '10.77.0.2', '10.77.0.3', '10.78.0.11', '10.77.0.255', '10.77.0.0']) {
      const forwards = [{ protocol: 'tcp', host: undefined, port: 22, guest: ip(guest), guestPort: 22 }] as const;
      expect(() => planned({ network: net('10.77.0.0/24') }, { forwards })).toThrow(
        `cannot forward to ${guest}: no guest of 10.77.0.0/24 can have it; give the address of a guest`,
      );
    }
  });

  it('refuses what is allowed without effect', () => {
    const allowing = (networks: readonly string[], hostLoopback = false): (() => unknown) => {
      const allow = networks.map((text) => ({ network: net(text) }));
      return () => planned({ network: net('10.77.0.0/24') }, { allow, hostLoopback });
    };
    for (const one of ['127.0.0.1/32', '127.0.0.0/8', '10.77.0.0/24', '10.77.0.2/32']) {
      expect(allowing(['192.0.2.0/24', one])).toThrow(
        `--gateway-allow ${one} has no effect: it is not behind the gateway; leave it out, or`,
      );
    }
    expect(allowing(['192.0.2.0/24'], true)).toThrow(/^--gateway-loopback has no effect: .*; add --gateway-allow 10.77.0.2$/);
    for (const one of ['10.77.0.2/32', '10.0.0.0/8', '0.0.0.0/0']) expect(allowing([one], true)).not.toThrow();
    for (const one of ['10.0.0.0/8', '0.0.0.0/0', '10.77.1.0/24']) expect(allowing([one])).not.toThrow();
  });
});
