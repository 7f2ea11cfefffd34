import { describe, expect, it } from 'vitest';
import { slirpPlace } from '../../src/cli/slirpvde-network.ts';
import { slirpAddress } from '../../src/ports/slirp/slirp-address.ts';

/** Returns the address that options, as getopt calls them, make; `+` before it where DHCP is heard. */
const made = (...given: [string, string][]): string => {
  const { config, dhcp } = slirpPlace(given.map(([name, value]) => ({ name, value })));
  return (dhcp ? '+' : '') + slirpAddress(config);
};

describe('the network of slirpvde', () => {
  it('is the usual one, from its address on', () => {
    expect(made()).toBe('slirp:///v4/addr=10.0.2.2\\/24/vnameserver=10.0.2.3/dhcp=10.0.2.15');
    expect(made(['dhcp', ''])).toBe('+slirp:///v4/addr=10.0.2.2\\/24/vnameserver=10.0.2.3/dhcp=10.0.2.15');
    expect(made(['host', '192.168.55.1'])).toBe('slirp:///v4/addr=192.168.55.1\\/24/vnameserver=192.168.55.3/dhcp=192.168.55.15');
    expect(made(['host', '10.1.0.0/16'])).toBe('slirp:///v4/addr=10.1.0.2\\/16/vnameserver=10.1.0.3/dhcp=10.1.0.15');
    expect(made(['host', '10.1.2.3/16'], ['dns', '10.1.0.9'], ['dhcp', '10.1.1.44'])).toBe(
      '+slirp:///v4/addr=10.1.2.3\\/16/vnameserver=10.1.0.9/dhcp=10.1.1.44',
    );
  });

  it('leases what there is in a small network, and nothing where it does not fit', () => {
    expect(made(['host', '10.1.0.0/27'], ['dhcp', ''])).toBe('+slirp:///v4/addr=10.1.0.2\\/27/vnameserver=10.1.0.3/dhcp=10.1.0.15');
    expect(() => made(['host', '10.1.0.0/28'], ['dhcp', ''])).toThrow(/^-D 10.1.0.15 does not work: .* a wider network with -H$/);
  });

  it('forwards ports of all addresses, as the original', () => {
    expect(made(['tcp', '2222:10.0.2.15:22'], ['udp', '53:10.0.2.15:53'], ['tcp', '127.0.0.1:80:10.0.2.16:80'])).toBe(
      'slirp:///v4/addr=10.0.2.2\\/24/vnameserver=10.0.2.3/dhcp=10.0.2.15/tcpfwd=2222:10.0.2.15:22,127.0.0.1:80:10.0.2.16:80/udpfwd=53:10.0.2.15:53',
    );
    expect(made(['tftp', '/usr/share'])).toContain('/tftp_path=\\/usr\\/share');
  });

  it.each([
    ['host', 'x', /^-H x is not an address with a prefix of 8 to 28 bits; write it as/],
    ['host', '10.0.2.2/29', /^-H 10.0.2.2\/29 is not an address with a prefix/],
    ['dns', '10.0.3.3', /^-N 10.0.3.3 is not the address of a host of 10.0.2.0\/24; give one, such as 10.0.2.3$/],
    ['dhcp', '10.0.3.3', /^-D 10.0.3.3 is not the address of a host of 10.0.2.0\/24/],
    ['dhcp', '10.0.2.255', /^-D 10.0.2.255 is not the address of a host/],
    ['dhcp', '10.0.2.250', /^-D 10.0.2.250 does not work: the 16 addresses from there on must be in 10.0.2.0\/24/],
    ['dhcp', '10.0.2.1', /^-D 10.0.2.1 does not work: .* not be those of the router and the DNS server; give -D another one/],
    ['host', '10.0.2.255', /^-H 10.0.2.255 is the broadcast address of 10.0.2.0\/24; give the address of a host$/],
    ['host', '10.0.2.3', /^10.0.2.3 is the router's address and cannot be the DNS server's; give another one with -N$/],
    ['dns', '10.0.2.2', /^10.0.2.2 is the router's address/],
    ['tftp', '/etc/passwd', /^-t \/etc\/passwd is not a directory; name the directory/],
    ['tftp', '/nowhere', /^-t \/nowhere is not a directory/],
    ['tcp', '22:10.0.2.255:22', /^-L 22:10.0.2.255:22 is not valid/],
    ['tcp', '22:10.0.2.15', /^-L 22:10.0.2.15 is not valid; write it as PORT:HOST:HOSTPORT/],
    ['udp', '22:10.0.3.15:22', /^-U 22:10.0.3.15:22 is not valid/],
    ['tcp', '0:10.0.2.15:22', /^-L 0:/],
    ['display', '10.0.2.15', /^-X 10.0.2.15 is not offered; use ssh -X/],
    ['unixsocket', '6000:/tmp/x', /^-x 6000:\/tmp\/x is not offered; libslirp .* use socat/],
  ] as const)('refuses %s %s', (name, value, why) => {
    expect(() => slirpPlace([{ name, value }])).toThrow(why);
  });
});
