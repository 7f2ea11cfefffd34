import { describe, expect, it } from 'vitest';
import { formatRange, NetworkPlan, serverAddress, type NetworkOptions } from '../../src/dhcp/network-plan.ts';
import { dhcpConfig } from '../../src/dhcp/config.ts';
import { formatIpv4, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../../src/wire/ipv4.ts';
import { macFromNumber } from '../../src/wire/mac.ts';

const fail = (text: string): never => {
  throw new Error(text);
};
const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
const network = (text: string): Ipv4Network => parseIpv4Network(text) ?? fail(text);

interface Given {
  readonly subnet?: string;
  readonly router?: string;
  readonly dns?: readonly string[];
  readonly range?: readonly [string, string];
  readonly domain?: string;
}

const plan = ({ subnet = '10.77.0.0/24', router, dns, range, domain }: Given): NetworkPlan => {
  const options: NetworkOptions = {
    network: network(subnet),
    domain,
    router: router === undefined ? undefined : ip(router),
    dns: dns?.map(ip),
    range: range && { start: ip(range[0]), end: ip(range[1]) },
  };
  return new NetworkPlan(options);
};

describe('the plan of a network', () => {
  it('leaves to clients what neither the server, nor the router, nor a DNS server has', () => {
    const pool = (given: Given): string[] => plan(given).pool.map(formatRange);
    expect(pool({})).toEqual(['10.77.0.2-10.77.0.254']);
    expect(pool({ router: '10.77.0.254' })).toEqual(['10.77.0.2-10.77.0.253']);
    expect(pool({ router: '10.77.0.2', dns: ['10.77.0.3', '10.77.0.9', '9.9.9.9'] })).toEqual([
      '10.77.0.4-10.77.0.8',
      '10.77.0.10-10.77.0.254',
    ]);
    expect(pool({ router: '10.77.0.2', dns: ['10.77.0.2'] })).toEqual(['10.77.0.3-10.77.0.254']);
    expect(pool({ range: ['10.77.0.1', '10.77.0.4'], router: '10.77.0.3' })).toEqual(['10.77.0.2-10.77.0.2', '10.77.0.4-10.77.0.4']);
    expect(pool({ range: ['10.77.0.100', '10.77.0.199'], router: '10.77.0.2' })).toEqual(['10.77.0.100-10.77.0.199']);
  });

  it('tells of each address what has it', () => {
    const { ownerOf } = ((made) => ({ ownerOf: (text: string) => made.ownerOf(ip(text)) }))(
      plan({ router: '10.77.0.2', dns: ['10.77.0.3'] }),
    );
    expect(['10.77.0.1', '10.77.0.2', '10.77.0.3', '10.77.0.4'].map(ownerOf)).toEqual([
      'the DHCP server itself',
      'the router',
      'a DNS server',
      undefined,
    ]);
  });

  it('tells a DHCP server of router, DNS servers, each once, and domain, only where they are given', () => {
    const { dhcp } = plan({ router: '10.77.0.2', dns: ['9.9.9.9', '10.77.0.2', '9.9.9.9'], domain: 'example.org' });
    expect(dhcp).toMatchObject({ router: ip('10.77.0.2'), dns: [ip('9.9.9.9'), ip('10.77.0.2')], domain: 'example.org' });
    const bare = plan({}).dhcp;
    expect([bare.router, bare.dns, bare.domain]).toEqual([undefined, [], undefined]);
  });

  it('is one that a server takes, for every size of network', () => {
    for (let length = 8; length <= 29; length++) {
      const { dhcp } = plan({ subnet: `10.0.0.0/${length}`, router: '10.0.0.2', dns: ['10.0.0.3'] });
      expect(formatIpv4(serverAddress(dhcp.network))).toBe('10.0.0.1');
      expect(() => dhcpConfig({ ...dhcp, serverMac: macFromNumber(0x02656c010001) })).not.toThrow();
    }
  });

  it.each<[Given, string]>([
    [{ subnet: '10.77.0.0/31' }, 'cannot serve 10.77.0.0/31: it has no room for guests; choose one of /30 or wider'],
    [{ router: '10.77.0.1' }, '--router 10.77.0.1 is the address of the DHCP server itself; choose another address of 10.77.0.0/24'],
    [{ dns: ['9.9.9.9', '10.77.0.1'] }, '--dns 10.77.0.1 is the address of the DHCP server itself; choose another address of 10.77.0.0/24'],
    [{ router: '10.78.0.1' }, '--router 10.78.0.1 is not in 10.77.0.0/24, so clients cannot reach it; choose an address of that network'],
    [{ router: '10.77.0.255' }, '--router 10.77.0.255 is not a host address of 10.77.0.0/24; choose one that is'],
    [{ dns: ['10.77.0.0'] }, '--dns 10.77.0.0 is not a host address of 10.77.0.0/24; choose one that is'],
    [
      { dns: ['127.0.0.53'] },
      'clients cannot reach --dns 127.0.0.53: 127.0.0.0/8 is for loopback; give the address of a DNS server that they can reach',
    ],
    [{ dns: Array.from({ length: 9 }, (_, i) => `9.9.9.${i}`) }, '--dns is given 9 times; give at most 8'],
    [{ domain: 'two words' }, '--domain "two words" is not a domain name; write it as example.org'],
    [{ range: ['10.77.0.9', '10.77.0.2'] }, '--range 10.77.0.9-10.77.0.2 ends before it begins; give the lower address first'],
    [
      { range: ['10.77.0.9', '10.77.1.2'] },
      '--range 10.77.0.9-10.77.1.2 is not within 10.77.0.1-10.77.0.254, the hosts of 10.77.0.0/24; choose some of them',
    ],
    [
      { range: ['10.77.0.1', '10.77.0.2'], router: '10.77.0.2' },
      '--range 10.77.0.1-10.77.0.2 has no address left for clients: the DHCP server, the router and DNS servers have them all; choose a wider range',
    ],
    [
      { subnet: '10.77.0.0/30', router: '10.77.0.2' },
      '10.77.0.0/30 has no address left for clients: the DHCP server, the router and DNS servers have them all; choose a wider network',
    ],
  ])('refuses %o', (given, message) => {
    expect(() => plan(given)).toThrow(message);
  });
});
