import { formatIpv4, type Ipv4Address } from '../../wire/ipv4.ts';

/** A port of this machine that leads to a port of a guest. */
export interface PortForward {
  readonly protocol: 'tcp' | 'udp';
  /** The address of this machine; undefined for all. */
  readonly host: Ipv4Address | undefined;
  readonly port: number;
  readonly guest: Ipv4Address;
  readonly guestPort: number;
}

/** The settings of libslirp. */
export interface SlirpConfig {
  /** Its own address: the router of the network. Default: 10.0.2.2. */
  readonly router?: Ipv4Address | undefined;
  /** The prefix length of the network. Default: 24. */
  readonly prefixLength?: number | undefined;
  /** The address at which it answers for the resolver of this machine. Default: 10.0.2.3. */
  readonly dns?: Ipv4Address | undefined;
  /** The first address that its DHCP server leases; the server cannot be disabled. */
  readonly firstLease?: Ipv4Address | undefined;
  /** True if unused addresses of the network lead to the loopback of this machine. */
  readonly hostLoopback: boolean;
  readonly forwards?: readonly PortForward[];
  /** A directory that guests may read by TFTP. */
  readonly tftp?: string | undefined;
  /** The MTU of the network, in octets. Default: 1,500. */
  readonly mtu?: number | undefined;
}

/** Returns the address with which `vde_plug` starts libslirp, for IPv4 only: `slirp:///v4/addr=10.0.2.2\/24`. [libvdeplug_slirp(1)] */
export function slirpAddress({ router, prefixLength = 24, dns, firstLease, hostLoopback, forwards = [], tftp, mtu }: SlirpConfig): string {
  const words = [
    'v4',
    // A slash would begin the next word.
    ...(router === undefined ? [] : [`addr=${formatIpv4(router)}\\/${prefixLength}`]),
    ...(dns === undefined ? [] : [`vnameserver=${formatIpv4(dns)}`]),
    ...(firstLease === undefined ? [] : [`dhcp=${formatIpv4(firstLease)}`]),
    ...(hostLoopback ? [] : ['disable_host_loopback']),
    ...(mtu === undefined ? [] : [`mtu=${mtu}`, `mru=${mtu}`]),
    ...(tftp === undefined ? [] : [`tftp_path=${quote(tftp)}`]),
    // Of repeated words only the last one counts.
    ...forwardWord('tcp', forwards),
    ...forwardWord('udp', forwards),
  ];
  return `slirp:///${words.join('/')}`;
}

function forwardWord(wanted: PortForward['protocol'], forwards: readonly PortForward[]): string[] {
  const texts = forwards
    .filter(({ protocol }) => protocol === wanted)
    .map(({ host, port, guest, guestPort }) =>
      [...(host === undefined ? [] : [formatIpv4(host)]), port, formatIpv4(guest), guestPort].join(':'),
    );
  return texts.length === 0 ? [] : [`${wanted}fwd=${texts.join(',')}`];
}

function quote(path: string): string {
  return path.replace(/[\\/'"%[\]{}=,]/g, '\\$&');
}
