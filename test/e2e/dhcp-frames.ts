import { decodeDhcp, messageTypeOf, type DhcpMessage } from '../../src/wire/dhcp.ts';
import { decodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { decodeIpv4, ipProtocols } from '../../src/wire/ipv4.ts';
import { decodeUdp } from '../../src/wire/udp.ts';

/** Returns the DHCP message in a frame; undefined when there is none. */
export function dhcpIn(frame: Uint8Array): DhcpMessage | undefined {
  const ethernet = decodeEthernet(frame);
  const ipv4 = ethernet?.etherType === etherTypes.ipv4 ? decodeIpv4(ethernet.payload) : undefined;
  const udp = ipv4?.protocol === ipProtocols.udp ? decodeUdp(ipv4.payload, ipv4.source, ipv4.destination) : undefined;
  return udp && (udp.destinationPort === 67 || udp.destinationPort === 68) ? decodeDhcp(udp.payload) : undefined;
}

/** Returns whether a frame is a DHCP message of that type, from or to the client with that MAC address in hexadecimal digits. */
export function isDhcp(type: number, mac: string): (frame: Uint8Array) => boolean {
  return (frame) => {
    const message = dhcpIn(frame);
    return message !== undefined && messageTypeOf(message) === type && Buffer.from(message.chaddr).toString('hex').startsWith(mac);
  };
}
