/** Codecs of option values, for both sides of the protocol. [RFC 2132; RFC 3397; RFC 3442] */
import { optionCodes, type DhcpOptionMap } from '../wire/dhcp.ts';
import { readIpv4, writeIpv4, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { concatOctets, readUint16, readUint32, writeUint16, writeUint32 } from '../wire/octets.ts';

/** A route to a network, as option 121 gives it. [RFC 3442] */
export interface ClasslessRoute {
  readonly network: Ipv4Network;
  /** 0.0.0.0 if the network is on the link. */
  readonly router: Ipv4Address;
}

/** An option whose value is not interpreted here. */
export interface RawOption {
  /** From 1 to 254. */
  readonly code: number;
  readonly value: Uint8Array;
}

/** Encodes addresses, four octets each. */
export function encodeAddresses(...addresses: readonly Ipv4Address[]): Uint8Array {
  const value = new Uint8Array(addresses.length * 4);
  addresses.forEach((address, index) => writeIpv4(value, index * 4, address));
  return value;
}

/** Decodes one or more addresses. Returns undefined if there is no value, it is empty, or its length is not a multiple of four. */
export function decodeAddresses(value: Uint8Array | undefined): readonly Ipv4Address[] | undefined {
  if (value === undefined || value.length === 0 || value.length % 4 !== 0) return undefined;
  return Array.from({ length: value.length / 4 }, (_, index) => readIpv4(value, index * 4));
}

/** Decodes one address of four octets. Returns undefined for any other value. */
export function decodeAddress(value: Uint8Array | undefined): Ipv4Address | undefined {
  return value?.length === 4 ? readIpv4(value, 0) : undefined;
}

/** Encodes an unsigned number in two octets, such as an MTU or a message size. */
export function encodeUint16(number: number): Uint8Array {
  const value = new Uint8Array(2);
  writeUint16(value, 0, number);
  return value;
}

/** Decodes an unsigned number of two octets. Returns undefined for any other value. */
export function decodeUint16(value: Uint8Array | undefined): number | undefined {
  return value?.length === 2 ? readUint16(value, 0) : undefined;
}

/** Encodes an unsigned number in four octets, such as seconds. */
export function encodeUint32(number: number): Uint8Array {
  const value = new Uint8Array(4);
  writeUint32(value, 0, number);
  return value;
}

/** Decodes an unsigned number of four octets. Returns undefined for any other value. */
export function decodeUint32(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? readUint32(value, 0) : undefined;
}

/** Encodes text without a final NUL. [RFC 2132, 2] */
export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns the text before the first NUL. Returns undefined if there is no value. The text may be hostile. */
export function decodeText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  const text = new TextDecoder().decode(end === -1 ? value : value.subarray(0, end));
  return text === '' ? undefined : text;
}

/** Returns the client identifier, option 61; undefined if it is absent or shorter than two octets. [RFC 2132, 9.14] */
export function clientIdentifierOf(options: DhcpOptionMap): Uint8Array | undefined {
  const identifier = options.get(optionCodes.clientIdentifier);
  return identifier !== undefined && identifier.length >= 2 ? identifier : undefined;
}

/**
 * Decodes the host name in option 12. It is lower case, with labels of letters, digits and inner hyphens, of 253 octets at most; so it is
 * safe to print. Returns undefined for any other value. [RFC 2132, 3.14; RFC 1123, 2.1]
 */
export function decodeHostName(value: Uint8Array | undefined): string | undefined {
  const name = decodeText(value)?.toLowerCase();
  return name !== undefined && isDomainName(name) ? name : undefined;
}

/** Returns whether text is a domain name without a final dot: labels of up to 63 letters, digits and inner hyphens, 253 in all. */
export function isDomainName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

/** Encodes domain names in the form of DNS, not compressed. [RFC 3397, 2; RFC 1035, 3.1] */
export function encodeDomainSearch(names: readonly string[]): Uint8Array {
  const labels = names.flatMap((name) => [...name.split('.').map(encodeText), new Uint8Array(0)]);
  return concatOctets(...labels.flatMap((label) => [Uint8Array.of(label.length), label]));
}

/** Encodes the value of option 121. [RFC 3442] */
export function encodeClasslessRoutes(routes: readonly ClasslessRoute[]): Uint8Array {
  return concatOctets(
    ...routes.flatMap(({ network, router }) => [
      Uint8Array.of(network.prefixLength),
      encodeAddresses(network.address).subarray(0, significantOctets(network.prefixLength)),
      encodeAddresses(router),
    ]),
  );
}

function significantOctets(prefixLength: number): number {
  return Math.ceil(prefixLength / 8);
}
