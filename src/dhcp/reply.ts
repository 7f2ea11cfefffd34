/** The messages of a server and their destinations. [RFC 2131, 4.1 and 4.3.1] */
import { dhcpOps, dhcpPorts, messageTypes, optionCodes, type DhcpMessage } from '../wire/dhcp.ts';
import { limitedBroadcast, unspecifiedIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { broadcastMac, readMac, type MacAddress } from '../wire/mac.ts';
import { infiniteLease, type DhcpConfig } from './config.ts';
import { encodeAddresses, encodeText, encodeUint32 } from './options.ts';
import { fit, replyOptions } from './reply-options.ts';

/** A message to send. */
export interface Reply {
  readonly message: DhcpMessage;
  readonly to: Destination;
}

/** The destination of a message on the link. */
export interface Destination {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Octets for options in the 64 of BOOTP's vendor area: without those of the cookie and of the end. [RFC 951, 3; RFC 1497] */
const bootpRoom = 59;

const everybody: Destination = { mac: broadcastMac, address: limitedBroadcast, port: dhcpPorts.client };

/** Returns an offer or grant of `address` for a number of seconds. */
export function leaseReply(config: DhcpConfig, asked: DhcpMessage, type: 'offer' | 'ack', address: Ipv4Address, seconds: number): Reply {
  const leading = leadingOptions(config, messageTypes[type]);
  leading.set(optionCodes.leaseTime, encodeUint32(seconds));
  if (seconds !== infiniteLease) {
    leading.set(optionCodes.renewalTime, encodeUint32(renewalTime(seconds, asked.xid)));
    leading.set(optionCodes.rebindingTime, encodeUint32(Math.floor(seconds * 0.875)));
  }
  const ciaddr = type === 'ack' ? asked.ciaddr : unspecifiedIpv4;
  const options = replyOptions(leading, config.offerable, asked.options, config.mtu);
  return { message: { ...frameOf(asked), ciaddr, yiaddr: address, options }, to: destinationOf(asked, address) };
}

/** Returns a grant of `address` to a client of BOOTP, without options that only DHCP has. [RFC 1534, 2] */
export function bootpReply(config: DhcpConfig, asked: DhcpMessage, address: Ipv4Address): Reply {
  const options = replyOptions(new Map(), config.offerable, asked.options, config.mtu);
  fit(options, bootpRoom);
  return { message: { ...frameOf(asked), ciaddr: asked.ciaddr, yiaddr: address, options }, to: destinationOf(asked, address) };
}

/** Returns the answer to a client that has an address and asks for the rest. [RFC 2131, 4.3.5] */
export function informReply(config: DhcpConfig, asked: DhcpMessage, address: Ipv4Address): Reply {
  const options = replyOptions(leadingOptions(config, messageTypes.ack), config.offerable, asked.options, config.mtu);
  const to = { mac: readMac(asked.chaddr, 0), address, port: dhcpPorts.client };
  return { message: { ...frameOf(asked), ciaddr: asked.ciaddr, options }, to };
}

/** Returns a refusal. It is always broadcast, since the client must not use its address, if it has one. [RFC 2131, 4.3.2] */
export function nakReply(config: DhcpConfig, asked: DhcpMessage, text: string): Reply {
  const leading = leadingOptions(config, messageTypes.nak);
  leading.set(optionCodes.message, encodeText(text));
  const options = replyOptions(leading, { values: new Map(), always: new Set() }, asked.options, config.mtu);
  return { message: { ...frameOf(asked), options }, to: everybody };
}

function leadingOptions(config: DhcpConfig, type: number): Map<number, Uint8Array> {
  return new Map([
    [optionCodes.messageType, Uint8Array.of(type)],
    [optionCodes.serverIdentifier, encodeAddresses(config.serverAddress)],
  ]);
}

/** Returns the fields that every reply takes from the message that it answers. [RFC 2131, table 3] */
function frameOf(asked: DhcpMessage): Omit<DhcpMessage, 'options'> {
  const { htype, hlen, xid, broadcast, giaddr, chaddr } = asked;
  const addresses = { ciaddr: unspecifiedIpv4, yiaddr: unspecifiedIpv4, siaddr: unspecifiedIpv4, giaddr };
  const nothing = new Uint8Array(0);
  return {
    op: dhcpOps.reply,
    htype,
    hlen,
    hops: 0,
    xid,
    secs: 0,
    broadcast,
    ...addresses,
    chaddr,
    sname: nothing,
    file: nothing,
  };
}

function destinationOf(asked: DhcpMessage, yiaddr: Ipv4Address): Destination {
  const mac = readMac(asked.chaddr, 0);
  if (asked.ciaddr !== 0) return { mac, address: asked.ciaddr, port: dhcpPorts.client };
  if (asked.broadcast) return everybody;
  return { mac, address: yiaddr, port: dhcpPorts.client };
}

/** Returns T1: half of the lease less up to a twentieth of that, so that clients that were leased together do not renew together. */
function renewalTime(seconds: number, xid: number): number {
  return Math.floor(seconds * 0.5 * (1 - ((xid % 1021) / 1020) * 0.05));
}
