/** The lease that a server's OFFER or ACK gives a client. */
import { messageTypeOf, optionCodes, type DhcpMessage, type DhcpOptionMap } from '../wire/dhcp.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { decodeAddress, decodeUint32 } from './options.ts';

/** A lease, as the client sees it. */
export interface ClientLease {
  readonly address: Ipv4Address;
  /** The server that gave it. */
  readonly server: Ipv4Address;
  /** Seconds; Infinity means for ever. */
  readonly leaseTime: number;
  /** T1 and T2: seconds until the client asks its server, and any server, for more time. [RFC 2131, 4.4.5] */
  readonly renewalTime: number;
  readonly rebindingTime: number;
  /** All options of the message, for decoders of `options.ts`. They share no memory with it. */
  readonly options: DhcpOptionMap;
}

/** Returns the lease in a message; undefined if it has no address, server or time. Missing or invalid T1 and T2 get default values. */
export function clientLeaseOf(message: DhcpMessage): ClientLease | undefined {
  const server = decodeAddress(message.options.get(optionCodes.serverIdentifier));
  const seconds = decodeUint32(message.options.get(optionCodes.leaseTime));
  if (messageTypeOf(message) === undefined || server === undefined || seconds === undefined || message.yiaddr === 0) return undefined;
  const leaseTime = seconds === 0xffff_ffff ? Infinity : seconds;
  const t2 = decodeUint32(message.options.get(optionCodes.rebindingTime)) ?? leaseTime;
  const rebindingTime = t2 < leaseTime ? t2 : leaseTime * 0.875;
  const t1 = decodeUint32(message.options.get(optionCodes.renewalTime)) ?? leaseTime;
  const renewalTime = t1 < rebindingTime ? t1 : Math.min(leaseTime * 0.5, rebindingTime);
  const options = new Map(Array.from(message.options, ([code, value]) => [code, value.slice()]));
  return { address: message.yiaddr, server, leaseTime, renewalTime, rebindingTime, options };
}
