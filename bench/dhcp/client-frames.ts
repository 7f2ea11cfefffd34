/** Frames of DHCP clients: encoded once, then only the fields that differ are written, so that a frame costs a load next to nothing. */
import { chaddrOf, dhcpOps, dhcpPorts, encodeDhcp, messageTypes, optionCodes } from '../../src/wire/dhcp.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber, type Ipv4Address } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeUdp } from '../../src/wire/udp.ts';

/**
 * The messages that clients broadcast; `reboot` is the REQUEST of a client that comes back with its address [RFC 2131, 4.3.2]. A RELEASE is
 * broadcast as well, for want of the server's MAC address: it names its server.
 */
export type ClientMessage = 'discover' | 'request' | 'reboot' | 'release';

/** The fields that differ from frame to frame. */
export interface ClientFields {
  /** The client's MAC address; its client identifier is made of it, as most clients do. */
  readonly mac: number;
  readonly xid: number;
  /** The address that it asks for or gives back, where it does. */
  readonly address: number;
  /** The server that it writes to, where that is one alone. */
  readonly server: number;
}

/** How long each frame is: 300 octets of DHCP, as clients send them. */
export const clientFrameLength = 342;

const limitedBroadcast = ipv4FromNumber(0xffff_ffff);
const unspecified = ipv4FromNumber(0);
const dhcpAt = 42;
const udpChecksumAt = 40;
const [sourceAt, xidAt, chaddrAt, optionsAt] = [6, dhcpAt + 4, dhcpAt + 28, dhcpAt + 240];
// Behind option 53, and the code, length and hardware type of option 61; then option by option. Each is even, as the checksum wants.
const identifierAt = optionsAt + 6;
const [firstAt, secondAt] = [optionsAt + 14, optionsAt + 20];
const ciaddrAt = dhcpAt + 12;

/** Where a message has its address and its server. */
const placesOf: Readonly<Record<ClientMessage, { readonly address?: number; readonly server?: number }>> = {
  discover: {},
  request: { address: firstAt, server: secondAt },
  reboot: { address: firstAt },
  release: { address: ciaddrAt, server: firstAt },
};

const wanted = [
  optionCodes.subnetMask,
  optionCodes.router,
  optionCodes.domainNameServer,
  optionCodes.hostName,
  optionCodes.domainName,
  optionCodes.broadcastAddress,
];

const templates: Readonly<Record<ClientMessage, Uint8Array>> = {
  discover: template(messageTypes.discover, []),
  request: template(messageTypes.request, [optionCodes.requestedAddress, optionCodes.serverIdentifier]),
  reboot: template(messageTypes.request, [optionCodes.requestedAddress]),
  release: template(messageTypes.release, [optionCodes.serverIdentifier]),
};

/** Writes a frame at a place that is even, with its checksums. */
export function writeClientFrame(memory: Buffer, at: number, message: ClientMessage, { mac, xid, address, server }: ClientFields): void {
  memory.set(templates[message], at);
  memory.writeUIntBE(mac, at + sourceAt, 6);
  memory.writeUInt32BE(xid, at + xidAt);
  memory.writeUIntBE(mac, at + chaddrAt, 6);
  memory.writeUIntBE(mac, at + identifierAt, 6);
  let sum = 2 * wordsOf(mac) + wordsOf(xid);
  const places = placesOf[message];
  if (places.address !== undefined) {
    memory.writeUInt32BE(address, at + places.address);
    sum += wordsOf(address);
  }
  if (places.server !== undefined) {
    memory.writeUInt32BE(server, at + places.server);
    sum += wordsOf(server);
  }
  // The checksum of the template is the complement of its sum, in which these fields are zero. [RFC 1624]
  sum += ~memory.readUInt16BE(at + udpChecksumAt) & 0xffff;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  const checksum = ~sum & 0xffff;
  memory.writeUInt16BE(checksum === 0 ? 0xffff : checksum, at + udpChecksumAt);
}

/** Returns the sum of the 16-bit words of a number of up to 48 bits. */
function wordsOf(number: number): number {
  return (number % 0x1_0000) + (Math.floor(number / 0x1_0000) % 0x1_0000) + Math.floor(number / 0x1_0000_0000);
}

function template(type: number, addresses: readonly number[]): Uint8Array {
  const options = new Map<number, Uint8Array>([
    [optionCodes.messageType, Uint8Array.of(type)],
    [optionCodes.clientIdentifier, Uint8Array.of(1, 0, 0, 0, 0, 0, 0)],
    ...addresses.map((code): [number, Uint8Array] => [code, new Uint8Array(4)]),
    [optionCodes.parameterRequestList, Uint8Array.from(wanted)],
  ]);
  const message = encodeDhcp({
    op: dhcpOps.request,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0,
    secs: 0,
    broadcast: false,
    ciaddr: unspecified,
    yiaddr: unspecified,
    siaddr: unspecified,
    giaddr: unspecified,
    chaddr: chaddrOf(macFromNumber(0)),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options,
  });
  return encodeEthernet({
    destination: broadcastMac,
    source: macFromNumber(0),
    etherType: etherTypes.ipv4,
    payload: datagram(message, unspecified, limitedBroadcast),
  });
}

function datagram(payload: Uint8Array, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  const udp = { sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, payload };
  return encodeIpv4({ source, destination, protocol: ipProtocols.udp, payload: encodeUdp(udp, source, destination) });
}
