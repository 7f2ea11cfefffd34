import { describe, expect, it } from 'vitest';
import { gatewayOf, type GatewayArguments } from '../../src/cli/gateway-arguments.ts';
import { ip, net } from '../ports/slirp/slirp-peer.ts';

const given = (more: Partial<GatewayArguments>): GatewayArguments => ({
  gateway: true,
  gatewayAllow: [],
  gatewayLoopback: false,
  forward: [],
  ...more,
});

describe('the arguments of a gateway', () => {
  it('are nothing without it, and then nothing of them may be given', () => {
    expect(gatewayOf(given({ gateway: false }))).toBeUndefined();
    for (const [option, more] of [
      ['--gateway-allow', { gatewayAllow: ['192.0.2.0/24'] }],
      ['--gateway-loopback', { gatewayLoopback: true }],
      ['--forward', { forward: ['2222=10.77.0.11:22'] }],
    ] as const) {
      expect(() => gatewayOf(given({ ...more, gateway: false }))).toThrow(`${option} has no effect without the gateway; add --gateway`);
    }
  });

  it('need the DHCP server, and say so', () => {
    expect(() => gatewayOf(given({}), 'add --dhcp SUBNET')).toThrow(
      '--gateway needs the DHCP server, which sends guests its address; add --dhcp SUBNET',
    );
  });

  it('name networks, addresses and their ports', () => {
    const gatewayAllow = ['192.0.2.0/24', '192.0.2.7', '192.0.2.7:443', '0.0.0.0/0:53'];
    expect(gatewayOf(given({ gatewayAllow }))?.allow).toEqual([
      { network: net('192.0.2.0/24') },
      { network: net('192.0.2.7/32') },
      { network: net('192.0.2.7/32'), port: 443 },
      { network: net('0.0.0.0/0'), port: 53 },
    ]);
  });

  it.each(['', '192.0.2.7/24', '192.0.2.0/33', '192.0.2.0/24:0', '192.0.2.0/24:65536', 'example.org', '2001:db8::/32', '192.0.2.0/24:'])(
    'name no %j',
    (text) => {
      expect(() => gatewayOf(given({ gatewayAllow: [text] }))).toThrow(`--gateway-allow ${text} is not a network; write it as`);
    },
  );

  it('name ports of this machine, of the loopback unless another address is said', () => {
    const forward = ['2222=10.77.0.11:22', 'udp:5353=10.77.0.11:53', 'tcp:0.0.0.0:80=10.77.0.12:8080', '192.0.2.1:81=10.77.0.12:81'];
    expect(gatewayOf(given({ forward }))?.forwards).toEqual([
      { protocol: 'tcp', host: ip('127.0.0.1'), port: 2222, guest: ip('10.77.0.11'), guestPort: 22 },
      { protocol: 'udp', host: ip('127.0.0.1'), port: 5353, guest: ip('10.77.0.11'), guestPort: 53 },
      { protocol: 'tcp', host: undefined, port: 80, guest: ip('10.77.0.12'), guestPort: 8080 },
      { protocol: 'tcp', host: ip('192.0.2.1'), port: 81, guest: ip('10.77.0.12'), guestPort: 81 },
    ]);
  });

  it.each([
    '2222',
    '2222=22',
    '0=10.77.0.11:22',
    '2222=10.77.0.11:65536',
    'x=10.77.0.11:22',
    '1.2.3:22=10.77.0.11:22',
    'sctp:1=10.77.0.11:2',
  ])('name no port as %j', (text) => {
    expect(() => gatewayOf(given({ forward: [text] }))).toThrow(`--forward ${text} is not valid; write it as PORT=GUEST:PORT`);
  });
});
