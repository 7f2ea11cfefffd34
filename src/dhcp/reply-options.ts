/** The choice and order of a reply's options. [RFC 2131, 4.3.1; RFC 2132, 9.8] */
import { dhcpHeaderLength, encodedOptionLength, optionCodes, type DhcpOptionMap } from '../wire/dhcp.ts';
import { clientIdentifierOf, decodeUint16, encodeUint16 } from './options.ts';

/** The options that the server can give. */
export interface Offerable {
  /** Values by code. */
  readonly values: DhcpOptionMap;
  /** Codes that are sent even to clients that do not ask. */
  readonly always: ReadonlySet<number>;
  /** True if option 26 is the MTU at the time of the reply. Default: it is one of the values, or not given. */
  readonly mtuChanges?: boolean;
}

/** Octets of the headers of IPv4 and UDP. */
const datagramHeaderLength = 28;
/** Every client accepts at least this. [RFC 2132, 9.10] */
const leastMaximumSize = 576;
/** The options for a client without a parameter list. */
const unasked = [
  optionCodes.subnetMask,
  optionCodes.router,
  optionCodes.domainNameServer,
  optionCodes.domainName,
  optionCodes.broadcastAddress,
];
/** A reply is useless without these. */
const indispensable: readonly number[] = [optionCodes.messageType, optionCodes.serverIdentifier, optionCodes.leaseTime];
/** Kept longest after those, in this order. */
const kept: readonly number[] = [
  optionCodes.subnetMask,
  optionCodes.router,
  optionCodes.domainNameServer,
  optionCodes.clientIdentifier,
  optionCodes.renewalTime,
  optionCodes.rebindingTime,
  optionCodes.classlessRoutes,
  optionCodes.interfaceMtu,
  optionCodes.broadcastAddress,
  optionCodes.domainName,
];

/**
 * Returns the options of a reply to a client that sent `asked`. First come `leading`, unchanged; then the requested options of `offerable`,
 * in the client's order, each once; then those that are always sent; then the client's own identifier [RFC 6842, 3]. The least important
 * are left out until the message fits the client's limit and `mtu`.
 */
export function replyOptions(leading: DhcpOptionMap, offerable: Offerable, asked: DhcpOptionMap, mtu: number): Map<number, Uint8Array> {
  const options = new Map(leading);
  const give = (code: number): void => {
    const value = offerable.mtuChanges && code === optionCodes.interfaceMtu ? encodeUint16(mtu) : offerable.values.get(code);
    if (value === undefined || options.has(code)) return;
    // The mask goes before the router, whatever the client's order. [RFC 2132, 3.3]
    if (code === optionCodes.router) give(optionCodes.subnetMask);
    options.set(code, value);
  };
  const wishes = asked.get(optionCodes.parameterRequestList);
  for (const code of wishes === undefined || wishes.length === 0 ? unasked : wishes) give(code);
  for (const code of offerable.always) give(code);
  const identifier = clientIdentifierOf(asked);
  if (identifier !== undefined) options.set(optionCodes.clientIdentifier, identifier);
  fit(options, maximumSize(asked, mtu) - datagramHeaderLength - dhcpHeaderLength - 1);
  return options;
}

/** Returns the longest datagram, in octets, that the client accepts and the link carries. [RFC 2132, 9.10] */
function maximumSize(asked: DhcpOptionMap, mtu: number): number {
  const wish = decodeUint16(asked.get(optionCodes.maximumMessageSize)) ?? leastMaximumSize;
  return Math.min(Math.max(wish, leastMaximumSize), Math.max(mtu, leastMaximumSize));
}

/** Leaves out the least important options until they take `room` octets at most. */
export function fit(options: Map<number, Uint8Array>, room: number): void {
  let length = 0;
  for (const value of options.values()) length += encodedOptionLength(value);
  if (length <= room) return;
  for (const [code, value] of leastImportantFirst(options)) {
    if (length <= room) return;
    options.delete(code);
    length -= encodedOptionLength(value);
  }
}

function leastImportantFirst(options: DhcpOptionMap): readonly (readonly [number, Uint8Array])[] {
  const rank = (code: number): number => (kept.includes(code) ? kept.indexOf(code) : kept.length);
  const dispensable = [...options].filter(([code]) => !indispensable.includes(code));
  return dispensable.reverse().sort(([a], [b]) => rank(b) - rank(a));
}
