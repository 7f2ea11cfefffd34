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

/** What libslirp is told. */
export interface SlirpConfig {
  /** Its own address: the router of the network. Default: 10.0.2.2. */
  readonly router?: Ipv4Address | undefined;
  /** Of the network. Default: 24. */
  readonly prefixLength?: number | undefined;
  /** Where it answers for the resolver of this machine. Default: 10.0.2.3. */
  readonly dns?: Ipv4Address | undefined;
  /** The first address that its DHCP server leases; the server cannot be switched off. */
  readonly firstLease?: Ipv4Address | undefined;
  /** Whether the addresses of the network that no guest has lead to the loopback of this machine. */
  readonly hostLoopback: boolean;
  readonly forwards?: readonly PortForward[];
  /** A directory to be read by TFTP. */
  readonly tftp?: string | undefined;
  /** Of the network, in octets. Default: 1,500. */
  readonly mtu?: number | undefined;
}

/** Returns the address by which `vde_plug` starts libslirp so, for IPv4 alone: `slirp:///v4/addr=10.0.2.2\/24`. [libvdeplug_slirp(1)] */
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
    // Of words that are repeated only the last counts.
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
