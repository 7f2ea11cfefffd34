/*
 * DHCP message, the payload of UDP: 240 octets and options. [RFC 2131, 2; RFC 2132, 2]
 *
 *    0        1        2        3
 *   +--------+--------+--------+--------+
 *   | op     | htype  | hlen   | hops   |  0
 *   +--------+--------+--------+--------+
 *   | xid                               |  4
 *   +-----------------+-----------------+
 *   | secs            |B     zero       |  8    B: answer by broadcast
 *   +-----------------+-----------------+
 *   | ciaddr                            |  12
 *   +-----------------------------------+
 *   | yiaddr                            |  16
 *   +-----------------------------------+
 *   | siaddr                            |  20
 *   +-----------------------------------+
 *   | giaddr                            |  24
 *   +-----------------------------------+
 *   | chaddr, 16 octets                 |  28
 *   +-----------------------------------+
 *   | sname, 64 octets                  |  44
 *   +-----------------------------------+
 *   | file, 128 octets                  |  108
 *   +--------+--------+--------+--------+
 *   | 99     | 130    | 83     | 99     |  236
 *   +--------+--------+--------+--------+
 *   | code   | length | value ...       |  240  options; code 0 is one octet of padding, 255 ends
 *   +--------+--------+-----------------+
 */
import { readIpv4, writeIpv4, type Ipv4Address } from './ipv4.ts';
import { readMac, writeMac, type MacAddress } from './mac.ts';
import { concatOctets, readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

/** The UDP ports of the two sides. [RFC 2131, 4.1] */
export const dhcpPorts = { server: 67, client: 68 } as const;

/** Values of `op`. [RFC 951, 3] */
export const dhcpOps = { request: 1, reply: 2 } as const;

/** Values of option 53. [RFC 2132, 9.6] */
export const messageTypes = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const;

/** The codes of the options that this package uses. [RFC 2132; IANA bootp-dhcp-parameters] */
export const optionCodes = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  domainName: 15,
  interfaceMtu: 26,
  broadcastAddress: 28,
  ntpServers: 42,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maximumMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  relayAgentInformation: 82,
  domainSearch: 119,
  classlessRoutes: 121,
  microsoftClasslessRoutes: 249,
  end: 255,
} as const;

/** The options of a message by code, in the order of their first appearance on the wire. */
export type DhcpOptionMap = ReadonlyMap<number, Uint8Array>;

/** A decoded message. */
export interface DhcpMessage {
  /** 1 from a client, 2 from a server. */
  readonly op: number;
  /** The kind of hardware address; 1 is Ethernet. */
  readonly htype: number;
  /** The number of octets of `chaddr` in use. */
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client started to request an address. */
  readonly secs: number;
  /** True if the client cannot receive unicast before it has its address. */
  readonly broadcast: boolean;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  /** 16 octets; a shorter value is filled up with zeros on encoding. */
  readonly chaddr: Uint8Array;
  /** At most 64 octets, filled up with zeros on encoding; empty if the field held options. */
  readonly sname: Uint8Array;
  /** At most 128 octets, filled up with zeros on encoding; empty if the field held options. */
  readonly file: Uint8Array;
  /** Pad, end and overload are left out, since they belong to the encoding. The pieces of a repeated option are joined. [RFC 3396, 5] */
  readonly options: DhcpOptionMap;
}

/** The length of a message without options, in octets. */
export const dhcpHeaderLength = 240;

const cookieAt = 236;
const magicCookie = 0x63825363;
const fieldOf = { chaddr: [28, 16], sname: [44, 64], file: [108, 128] } as const;
/** The length of every BOOTP message, in octets; some clients and relays drop shorter ones. [RFC 1542, 2.1] */
export const bootpLength = 300;
const empty = new Uint8Array(0);

/**
 * Decodes a message; the views share memory with `payload`. Returns undefined if it is too short, has no cookie, or has an option that
 * runs past the end of its area.
 */
export function decodeDhcp(payload: Uint8Array): DhcpMessage | undefined {
  if (payload.length < dhcpHeaderLength || readUint32(payload, cookieAt) !== magicCookie) return undefined;
  const field = ([at, length]: readonly [number, number]): Uint8Array => payload.subarray(at, at + length);
  const [sname, file] = [field(fieldOf.sname), field(fieldOf.file)];
  const options = new OptionReader();
  if (!options.read(payload.subarray(dhcpHeaderLength))) return undefined;
  const overload = options.takeOverload();
  if ((overload & 1) !== 0 && !options.read(file)) return undefined;
  if ((overload & 2) !== 0 && !options.read(sname)) return undefined;
  options.takeOverload();
  return {
    op: payload[0] ?? 0,
    htype: payload[1] ?? 0,
    hlen: payload[2] ?? 0,
    hops: payload[3] ?? 0,
    xid: readUint32(payload, 4),
    secs: readUint16(payload, 8),
    broadcast: (readUint16(payload, 10) & 0x8000) !== 0,
    ciaddr: readIpv4(payload, 12),
    yiaddr: readIpv4(payload, 16),
    siaddr: readIpv4(payload, 20),
    giaddr: readIpv4(payload, 24),
    chaddr: field(fieldOf.chaddr),
    sname: (overload & 2) === 0 ? sname : empty,
    file: (overload & 1) === 0 ? file : empty,
    options: options.joined(),
  };
}

/**
 * Encodes a message, with its options in the order of the map. Values over 255 octets are split [RFC 3396, 7]. The message is filled up
 * with zeros to `minSize` octets, 300 by default [RFC 1542, 2.1].
 */
export function encodeDhcp(message: DhcpMessage, { minSize = bootpLength }: { readonly minSize?: number } = {}): Uint8Array {
  const payload = new Uint8Array(Math.max(encodedDhcpLength(message), minSize));
  writeDhcp(payload, message);
  return payload;
}

/** Returns the length of an encoded message, in octets. */
export function encodedDhcpLength(message: DhcpMessage): number {
  let length = dhcpHeaderLength + 1;
  for (const value of message.options.values()) length += encodedOptionLength(value);
  return length;
}

/** Writes a message over zeros, at least `encodedDhcpLength` of them. */
export function writeDhcp(payload: Uint8Array, message: DhcpMessage): void {
  payload[0] = message.op;
  payload[1] = message.htype;
  payload[2] = message.hlen;
  payload[3] = message.hops;
  writeUint32(payload, 4, message.xid);
  writeUint16(payload, 8, message.secs);
  writeUint16(payload, 10, message.broadcast ? 0x8000 : 0);
  writeIpv4(payload, 12, message.ciaddr);
  writeIpv4(payload, 16, message.yiaddr);
  writeIpv4(payload, 20, message.siaddr);
  writeIpv4(payload, 24, message.giaddr);
  for (const name of ['chaddr', 'sname', 'file'] as const) {
    const [at, length] = fieldOf[name];
    const value = message[name];
    if (value.length > 0) payload.set(value.length > length ? value.subarray(0, length) : value, at);
  }
  writeUint32(payload, cookieAt, magicCookie);
  payload[writeOptions(payload, dhcpHeaderLength, message.options)] = optionCodes.end;
}

/** Returns the length of an option with that value, in octets; a value over 255 octets is split. */
export function encodedOptionLength(value: Uint8Array): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / 0xff));
}

/** Returns the value of option 53; undefined if it is absent or not one octet. */
export function messageTypeOf(message: DhcpMessage): number | undefined {
  const value = message.options.get(optionCodes.messageType);
  return value?.length === 1 ? value[0] : undefined;
}

/** Returns the client's MAC address; undefined if its hardware address is not an Ethernet one. */
export function hardwareAddressOf(message: DhcpMessage): MacAddress | undefined {
  return message.htype === 1 && message.hlen === 6 ? readMac(message.chaddr, 0) : undefined;
}

/** Returns `mac` as the 16 octets of `chaddr`. */
export function chaddrOf(mac: MacAddress): Uint8Array {
  const chaddr = new Uint8Array(16);
  writeMac(chaddr, 0, mac);
  return chaddr;
}

/** Collects options from all areas of a message. */
class OptionReader {
  readonly #options = new Map<number, Uint8Array>();
  /**
   * The pieces of options that occurred more than once. They are joined at the end, since joining at each piece would take quadratic time.
   */
  readonly #pieces = new Map<number, Uint8Array[]>();

  /** Reads up to the end option or the end of the area. Returns false if an option runs past the end of the area. */
  read(area: Uint8Array): boolean {
    let at = 0;
    while (at < area.length) {
      const code = area[at++];
      if (code === optionCodes.pad || code === undefined) continue;
      if (code === optionCodes.end) return true;
      const length = area[at++];
      if (length === undefined || at + length > area.length) return false;
      this.#add(code, area.subarray(at, at + length));
      at += length;
    }
    return true;
  }

  /** Removes option 52 and returns its value, or 0 if it is absent or not valid. [RFC 2132, 9.3] */
  takeOverload(): number {
    const value = this.#pieces.has(optionCodes.overload) ? undefined : this.#options.get(optionCodes.overload);
    this.#options.delete(optionCodes.overload);
    this.#pieces.delete(optionCodes.overload);
    const overload = value?.length === 1 ? (value[0] ?? 0) : 0;
    return overload <= 3 ? overload : 0;
  }

  joined(): DhcpOptionMap {
    for (const [code, pieces] of this.#pieces) this.#options.set(code, concatOctets(...pieces));
    return this.#options;
  }

  #add(code: number, value: Uint8Array): void {
    const first = this.#options.get(code);
    if (first === undefined) {
      this.#options.set(code, value);
      return;
    }
    const pieces = this.#pieces.get(code);
    if (pieces === undefined) this.#pieces.set(code, [first, value]);
    else pieces.push(value);
  }
}

function writeOptions(payload: Uint8Array, start: number, options: DhcpOptionMap): number {
  let at = start;
  for (const [code, value] of options) {
    for (let from = 0; from === 0 || from < value.length; from += 0xff) {
      const piece = value.length <= 0xff ? value : value.subarray(from, from + 0xff);
      payload[at] = code;
      payload[at + 1] = piece.length;
      payload.set(piece, at + 2);
      at += 2 + piece.length;
    }
  }
  return at;
}
