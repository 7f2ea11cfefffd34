/**
 * The frames that may cross between a switch and libslirp. libslirp forwards all frames that it gets, including those that the switch floods to
 * all ports and those for 127.0.0.0/8; it leases addresses by DHCP without being asked. So all of that is decided here.
 */
import { etherTypeOf, etherTypes, minFrame } from '../../wire/ethernet.ts';
import { contains, ipProtocols, readIpv4, type Ipv4Address, type Ipv4Network } from '../../wire/ipv4.ts';
import { readUint16, readUint32 } from '../../wire/octets.ts';

/** The reason why a frame does not cross. */
export type GatewayDrop =
  | 'dhcp' // to or from libslirp's DHCP server
  | 'forbidden' // to a destination that is not allowed
  | 'ipv6' // IPv6, including router advertisements
  | 'malformed' // its IPv4 header, or the header behind it, is cut short
  | 'other-station' // for another station, or of a protocol that the gateway does not speak
  | 'spoofed'; // from an address outside the network, or the gateway's own

/** Destinations that guests may reach: a network, or one port of it. */
export interface AllowedDestination {
  readonly network: Ipv4Network;
  /** Of TCP and UDP. Default: everything. */
  readonly port?: number | undefined;
}

/** A port of a guest that accepts connections from outside. */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Ipv4Address;
  readonly port: number;
}

/** The rules for guests. */
export interface GatewayRules {
  readonly network: Ipv4Network;
  /** Addresses of libslirp itself. */
  readonly router: Ipv4Address;
  readonly dns: Ipv4Address;
  /** Empty to allow all destinations beyond this machine and its link. */
  readonly allow: readonly AllowedDestination[];
  /** True if the router's address leads to the loopback of this machine. */
  readonly hostLoopback: boolean;
  /** Their answers are allowed. */
  readonly published: readonly PublishedPort[];
}

/** Decides for each frame. It may be borrowed. */
export interface FrameFilter {
  /** Returns why a frame must not reach libslirp; undefined if it may. */
  out(frame: Uint8Array): GatewayDrop | undefined;
  /** Returns why a frame of libslirp must not reach the switch; undefined if it may. */
  in(frame: Uint8Array): GatewayDrop | undefined;
}

/** Offsets of fields in a frame whose IPv4 header is at 14. */
const at = { version: 14, totalLength: 16, fragment: 20, protocol: 23, source: 26, destination: 30 } as const;
const minIpv4Frame = minFrame + 20;

const dnsPort = 53;
const dhcpServerPort = 67;
const echoRequest = 8;
/** The flags octet of a TCP header, and the flags that distinguish the first segment of a connection from all others. */
const tcpFlags = 13;
const [fin, syn, rst, ack] = [0x01, 0x02, 0x04, 0x10];

/** Lets every frame cross. */
export const everything: FrameFilter = { out: () => undefined, in: () => undefined };

/** Blocks frames to and from libslirp's DHCP server, and lets all others cross. */
export const withoutDhcp: FrameFilter = {
  out: (frame) => (isDhcp(frame, 2) ? 'dhcp' : undefined),
  in: (frame) => (isDhcp(frame, 0) ? 'dhcp' : undefined),
};

/** The filter of a gateway. */
export class GatewayFilter implements FrameFilter {
  readonly #rules: GatewayRules;
  readonly #published: readonly Published[];

  constructor(rules: GatewayRules) {
    this.#rules = rules;
    this.#published = rules.published.map((port) => new Published(port));
  }

  out(frame: Uint8Array): GatewayDrop | undefined {
    if (frame.length < minFrame) return undefined; // the port counts it as a runt
    const reason = reasonOfType(frame);
    if (reason !== 'ipv4') return reason;
    const { network, router, dns } = this.#rules;
    if (isDhcp(frame, 2)) return 'dhcp';
    if (!isForGateway(frame, router) && !isForGateway(frame, dns)) return 'other-station';
    const header = headerLength(frame);
    if (header === undefined) return 'malformed';
    const packet = new Packet(frame, minFrame + header);
    const { source } = packet;
    if (!contains(network, source) || source === router || source === dns) return 'spoofed';
    if (packet.isCut) return 'malformed';
    return this.#isAllowed(packet) ? undefined : 'forbidden';
  }

  in(frame: Uint8Array): GatewayDrop | undefined {
    if (frame.length < minFrame) return undefined;
    const reason = reasonOfType(frame);
    if (reason !== 'ipv4') return reason;
    if (isDhcp(frame, 0)) return 'dhcp';
    if (this.#published.length > 0) this.#noteAsker(frame);
    return undefined;
  }

  #noteAsker(frame: Uint8Array): void {
    const header = headerLength(frame);
    if (header === undefined) return;
    const packet = new Packet(frame, minFrame + header);
    for (const published of this.#published) published.note(packet);
  }

  #isAllowed(packet: Packet): boolean {
    const { network, router, dns, hostLoopback } = this.#rules;
    const { destination } = packet;
    if (this.#isAnswer(packet)) return true;
    if (destination === dns) return packet.isEcho || packet.mayBeFor(dnsPort);
    if (destination === router) return packet.isEcho || (hostLoopback && this.#isListed(packet, true));
    if (contains(network, destination) || isNeverRouted(destination)) return false;
    return this.#isListed(packet, !isLinkLocal(destination));
  }

  /** Returns whether a destination is on the list; `otherwise` without a list. */
  #isListed(packet: Packet, otherwise: boolean): boolean {
    const { allow } = this.#rules;
    if (allow.length === 0) return otherwise;
    return allow.some(({ network, port }) => {
      if (!contains(network, packet.destination)) return false;
      // A destination that is blocked by default must be listed itself: being within 0.0.0.0/0 does not suffice.
      if (!otherwise && network.prefixLength < linkLocal.prefixLength) return false;
      return port === undefined || packet.mayBeFor(port);
    });
  }

  #isAnswer(packet: Packet): boolean {
    return this.#published.some((published) => published.answersBy(packet));
  }
}

/** The number of remembered askers of a published port: libslirp forgets them sooner. */
const mostAskers = 4096;

/** A published port, and the addresses that sent to it. */
class Published {
  readonly #port: PublishedPort;
  /** By UDP, which has no connections: addresses and ports, the latest last. */
  readonly #askers = new Set<number>();

  constructor(port: PublishedPort) {
    this.#port = port;
  }

  /** Notes the sender of a packet to the port. */
  note(packet: Packet): void {
    const { address, port } = this.#port;
    if (packet.wholeProtocol !== 'udp' || packet.destination !== address || packet.destinationPort !== port) return;
    const asker = packet.source * 0x1_0000 + packet.sourcePort;
    this.#askers.delete(asker);
    this.#askers.add(asker);
    if (this.#askers.size > mostAskers) for (const oldest of this.#askers) return void this.#askers.delete(oldest);
  }

  /** Returns whether the packet is an answer of the port: to an asker, or within a connection; it cannot make libslirp begin a connection. */
  answersBy(packet: Packet): boolean {
    const { protocol, address, port } = this.#port;
    if (packet.wholeProtocol !== protocol || packet.source !== address || packet.sourcePort !== port) return false;
    if (protocol === 'tcp') return packet.isWithinConnection;
    return this.#askers.has(packet.destination * 0x1_0000 + packet.destinationPort);
  }
}

/** An IPv4 packet in a frame, whose header is whole. Its payload begins at `payload`. */
class Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly #frame: Uint8Array;
  readonly #payload: number;
  readonly #protocol: number;
  /** Octets of the payload. */
  readonly #length: number;
  readonly #isFirst: boolean;
  readonly #isWhole: boolean;

  constructor(frame: Uint8Array, payload: number) {
    const fragment = readUint16(frame, at.fragment);
    this.#frame = frame;
    this.#payload = payload;
    this.#length = minFrame + readUint16(frame, at.totalLength) - payload;
    this.#protocol = frame[at.protocol] ?? 0;
    this.#isFirst = (fragment & 0x1fff) === 0;
    this.#isWhole = (fragment & 0x3fff) === 0;
    this.source = readIpv4(frame, at.source);
    this.destination = readIpv4(frame, at.destination);
  }

  /** True if the octets with its destination's port are missing. */
  get isCut(): boolean {
    return this.#isFirst && this.#hasPorts && this.#length < 4;
  }

  /** The protocol of an unfragmented packet with ports; undefined otherwise. */
  get wholeProtocol(): 'tcp' | 'udp' | undefined {
    if (!this.#isWhole || this.isCut) return undefined;
    return this.#protocol === ipProtocols.tcp ? 'tcp' : this.#protocol === ipProtocols.udp ? 'udp' : undefined;
  }

  get sourcePort(): number {
    return readUint16(this.#frame, this.#payload);
  }

  get destinationPort(): number {
    return readUint16(this.#frame, this.#payload + 2);
  }

  /** True if it is an echo request, or a later fragment of ICMP. */
  get isEcho(): boolean {
    if (this.#protocol !== ipProtocols.icmp) return false;
    return !this.#isFirst || (this.#length > 0 && this.#frame[this.#payload] === echoRequest);
  }

  /**
   * Returns whether it is for that port of TCP or UDP, or a later fragment of either. Ports are in the first eight octets, and so in the
   * first fragment only: without that one, the others never become a packet.
   */
  mayBeFor(port: number): boolean {
    if (!this.#hasPorts) return false;
    return !this.#isFirst || this.destinationPort === port;
  }

  /** True if it is a segment of TCP that does not begin a connection. */
  get isWithinConnection(): boolean {
    if (this.#length <= tcpFlags) return false;
    const flags = (this.#frame[this.#payload + tcpFlags] ?? 0) & (fin | syn | rst | ack);
    return flags !== syn && flags !== 0;
  }

  get #hasPorts(): boolean {
    return this.#protocol === ipProtocols.tcp || this.#protocol === ipProtocols.udp;
  }
}

/** Returns `ipv4`, undefined for ARP, which crosses, or the reason why a frame of another type does not. */
function reasonOfType(frame: Uint8Array): 'ipv4' | GatewayDrop | undefined {
  switch (etherTypeOf(frame)) {
    case etherTypes.ipv4:
      return 'ipv4';
    case etherTypes.arp:
      return undefined;
    case etherTypes.ipv6:
      return 'ipv6';
    default:
      return 'other-station';
  }
}

/** Returns whether a frame is for the MAC address that libslirp has for one of its own addresses: 52:55 and the address. */
function isForGateway(frame: Uint8Array, address: Ipv4Address): boolean {
  return readUint16(frame, 0) === 0x5255 && readUint32(frame, 2) === address;
}

/** Returns the length of the IPv4 header in octets; undefined if the packet is not whole. */
function headerLength(frame: Uint8Array): number | undefined {
  if (frame.length < minIpv4Frame) return undefined;
  const versionAndLength = frame[at.version] ?? 0;
  const header = (versionAndLength & 0xf) * 4;
  const total = readUint16(frame, at.totalLength);
  if (versionAndLength >>> 4 !== 4 || header < 20 || total < header || minFrame + total > frame.length) return undefined;
  return header;
}

/** Returns whether a frame has UDP from (`side` 0) or to (`side` 2) the port of a DHCP server. */
function isDhcp(frame: Uint8Array, side: 0 | 2): boolean {
  if (frame.length < minFrame || etherTypeOf(frame) !== etherTypes.ipv4) return false;
  const header = headerLength(frame);
  if (header === undefined || frame[at.protocol] !== ipProtocols.udp) return false;
  const port = minFrame + header + side;
  const isFirst = (readUint16(frame, at.fragment) & 0x1fff) === 0;
  return isFirst && port + 2 <= frame.length && readUint16(frame, port) === dhcpServerPort;
}

const linkLocal: Ipv4Network = { address: 0xa9fe_0000 as Ipv4Address, prefixLength: 16 };

/** Returns whether an address is valid on its own link only: a router must not forward to it. [RFC 3927, 7] */
function isLinkLocal(address: Ipv4Address): boolean {
  return contains(linkLocal, address);
}

/** Returns whether an address is this host's (0.0.0.0/8, 127.0.0.0/8), a group's or a broadcast. [RFC 6890, 2.2.2] */
function isNeverRouted(address: Ipv4Address): boolean {
  const first = address >>> 24;
  return first === 0 || first === 127 || first >= 224;
}
