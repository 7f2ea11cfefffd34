/** A client's message, and the check whether it is valid. */
import type { PortNumber } from '../ports/pure/port.ts';
import { dhcpOps, hardwareAddressOf, messageTypeOf, messageTypes, optionCodes, type DhcpMessage } from '../wire/dhcp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { isGroupMac, type MacAddress } from '../wire/mac.ts';
import { formatHex } from '../wire/octets.ts';
import type { DhcpConfig } from './config.ts';
import { hexOf, keyOfMac, type Client } from './lease.ts';
import type { Leases } from './leases.ts';
import { clientIdentifierOf, decodeHostName } from './options.ts';

/** A message and its origin. */
export interface Request {
  readonly message: DhcpMessage;
  /** The switch port that it came in by. */
  readonly ingress: PortNumber;
  /** The port on which the switch knows the client to be; undefined if it is not known. */
  readonly home: PortNumber | undefined;
  /** The source of its IPv4 packet; 0.0.0.0 while the client has no address. */
  readonly source: Ipv4Address;
  /** True if it was sent to the server's address, not to all: a client renews that way. [RFC 2131, 4.3.2] */
  readonly unicast: boolean;
}

/** The reason why a message is dropped before its meaning matters. */
export type RequestFault =
  | 'bad-op' // not from a client
  | 'bad-hops' // passed more relays than allowed
  | 'bad-hardware' // not Ethernet
  | 'bad-chaddr' // not a station's address
  | 'own-chaddr' // claims to be the server
  | 'relayed' // by a relay agent
  | 'no-type' // BOOTP
  | 'bad-type' // not a type that clients send
  | 'bad-option' // an option has a length that it cannot have
  | 'bad-client-id'; // longer than allowed

/** The most relays that a message may pass. [RFC 1542, 4.1.1] */
const maxHops = 16;
const maxIdentifier = 255;
const clientTypes: readonly number[] = [
  messageTypes.discover,
  messageTypes.request,
  messageTypes.decline,
  messageTypes.release,
  messageTypes.inform,
];
/** A message in which one of these has another length has another meaning: it is dropped, and not read without the option. */
const fourOctets = [optionCodes.requestedAddress, optionCodes.serverIdentifier, optionCodes.leaseTime];

/** Returns the fault of the message, or undefined. */
export function faultOf(config: DhcpConfig, { message }: Request): RequestFault | undefined {
  if (message.op !== dhcpOps.request) return 'bad-op';
  if (message.hops > maxHops) return 'bad-hops';
  const mac = hardwareAddressOf(message);
  if (mac === undefined) return 'bad-hardware';
  if (mac === 0 || isGroupMac(mac)) return 'bad-chaddr';
  if (mac === config.serverMac) return 'own-chaddr';
  // Fields of a relay agent are accepted from relay agents only. [RFC 3046, 2.1]
  if (message.giaddr !== 0 || message.options.has(optionCodes.relayAgentInformation)) return 'relayed';
  const isBootp = !message.options.has(optionCodes.messageType);
  if (isBootp && !config.bootp) return 'no-type';
  if (!isBootp && !clientTypes.includes(messageTypeOf(message) ?? 0)) return 'bad-type';
  if (fourOctets.some((code) => (message.options.get(code)?.length ?? 4) !== 4)) return 'bad-option';
  if ((message.options.get(optionCodes.clientIdentifier)?.length ?? 0) > maxIdentifier) return 'bad-client-id';
  return undefined;
}

/** The sender of a message without fault. */
export interface Sender extends Client {
  /** The address that only this station gets, if any. */
  readonly reserved: Ipv4Address | undefined;
  /** The station that uses the same identifier, because of which this one is identified by its MAC address too. */
  readonly twin: MacAddress | undefined;
}

/**
 * Returns the client behind a message. It is identified by its identifier, else by its hardware address [RFC 2131, 4.2]; a client with a reservation
 * is always identified by the latter, since the reservation is for that address. Clones of one machine send the same identifier: while one of them
 * holds a lease, another hardware address is a client of its own, even behind the same port.
 */
export function senderOf(config: DhcpConfig, leases: Leases, { message, ingress, home }: Request, now: number): Sender {
  const mac = hardwareAddressOf(message) ?? (0 as MacAddress);
  const reserved = config.reserved(mac);
  const identifier = reserved === undefined && !config.leasePerMac ? clientIdentifierOf(message.options) : undefined;
  const key = identifier === undefined ? keyOfMac(mac) : formatHex(identifier);
  const own = `${key}/${hexOf(mac)}`;
  const sender = { mac, hostname: decodeHostName(message.options.get(optionCodes.hostName)), ingress: home ?? ingress, reserved };
  if (leases.of(own) !== undefined) return { ...sender, key: own, twin: undefined };
  const holder = leases.of(key);
  const held = holder !== undefined && (holder.state === 'offered' || holder.state === 'bound') && holder.expires > now;
  if (!held || holder.mac === mac) return { ...sender, key, twin: undefined };
  return { ...sender, key: own, twin: holder.mac };
}
