import { expect, it } from 'vitest';
import { slirpAddress, type PortForward } from '../../../src/ports/slirp/slirp-address.ts';
import { ipv4FromNumber } from '../../../src/wire/ipv4.ts';

const ip = (last: number): ReturnType<typeof ipv4FromNumber> => ipv4FromNumber(0x0a4d_0000 + last);
const forward = (protocol: 'tcp' | 'udp', port: number, host?: number): PortForward => ({
  protocol,
  host: host === undefined ? undefined : ipv4FromNumber(host),
  port,
  guest: ip(11),
  guestPort: 22,
});

it('is written in the words of libvdeplug_slirp', () => {
  expect(slirpAddress({ hostLoopback: true })).toBe('slirp:///v4');
  expect(slirpAddress({ router: ip(2), prefixLength: 16, dns: ip(3), firstLease: ip(15), hostLoopback: false, mtu: 9000 })).toBe(
    'slirp:///v4/addr=10.77.0.2\\/16/vnameserver=10.77.0.3/dhcp=10.77.0.15/disable_host_loopback/mtu=9000/mru=9000',
  );
  const forwards = [forward('tcp', 2222, 0x7f00_0001), forward('udp', 53), forward('tcp', 8080)];
  expect(slirpAddress({ hostLoopback: true, forwards, tftp: '/a b/c=d' })).toBe(
    'slirp:///v4/tftp_path=\\/a b\\/c\\=d/tcpfwd=127.0.0.1:2222:10.77.0.11:22,8080:10.77.0.11:22/udpfwd=53:10.77.0.11:22',
  );
});
