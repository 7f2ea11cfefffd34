/** The formats on the wire: each codec takes octets apart and puts them together. This file is its door, `etherloom/wire`. */
export * from './arp.ts';
export * from './bpdu.ts';
export * from './checksum.ts';
export * from './dhcp.ts';
export * from './dot1q.ts';
export * from './ethernet.ts';
export * from './icmp.ts';
export * from './icmpv6.ts';
export * from './ipv4.ts';
export * from './ipv6.ts';
export * from './mac.ts';
export * from './octets.ts';
export * from './pcap.ts';
export * from './pcapng.ts';
export * from './summary.ts';
export * from './udp.ts';
