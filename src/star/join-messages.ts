/**
 * The messages between master and slave beside the frames: one JSON object a line, UTF-8, at most 4,096 octets.
 *
 *     slave -> master   {"type":"hello","version":1,"key":"…","demanded":3,"last":3}     id fields only when there is one
 *     master -> slave   {"type":"welcome","version":1,"id":3,"mac":"…","address":"10.77.0.13","network":"10.77.0.0/24","mtu":1500,"linkPort":7000}
 *     master -> slave   {"type":"refusal","reason":"…","retry":false}, and the connection ends
 *     both              {"type":"alive"}, each second; a side that receives nothing for 5 s ends the connection
 */
import { formatIpv4, formatIpv4Network, parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../wire/ipv4.ts';
import { formatMac, parseMac, type MacAddress } from '../wire/mac.ts';
import { maxId, type NodeId } from './identity.ts';
import { isNodeKey } from './roster.ts';

/** A slave's request to join. */
export interface Hello {
  readonly type: 'hello';
  readonly key: string;
  readonly demanded?: NodeId | undefined;
  readonly last?: NodeId | undefined;
}

/** The master's answer to a slave that may join. */
export interface Welcome {
  readonly type: 'welcome';
  readonly id: NodeId;
  /** The MAC address of the slave's guest. */
  readonly mac: MacAddress;
  /** The address reserved for its guest; undefined if that gets one from the pool. */
  readonly address?: Ipv4Address | undefined;
  readonly network: Ipv4Network;
  /** The MTU of the network, in octets. */
  readonly mtu: number;
  /** The link port on the master's host. */
  readonly linkPort: number;
}

/** The master's refusal; `reason` is for the slave's user. */
export interface JoinRefusal {
  readonly type: 'refusal';
  readonly reason: string;
  /** True if a later request may succeed. */
  readonly retry: boolean;
}

/** A sign of life. */
export interface Alive {
  readonly type: 'alive';
}

/** Any line on a control connection. */
export type JoinMessage = Hello | Welcome | JoinRefusal | Alive;

/** The longest line, in octets. */
export const maxJoinLine = 4096;

const version = 1;

/** Encodes a message as one line, with its end. */
export function encodeJoinMessage(message: JoinMessage): string {
  return JSON.stringify(plain(message)) + '\n';
}

/** Decodes a message from a line without its end. Returns undefined if it is not one. */
export function decodeJoinMessage(line: string): JoinMessage | undefined {
  const fields = parseObject(line);
  switch (fields?.['type']) {
    case 'hello':
      return decodeHello(fields);
    case 'welcome':
      return decodeWelcome(fields);
    case 'refusal':
      return { type: 'refusal', reason: textOf(fields['reason']).slice(0, 500), retry: fields['retry'] === true };
    case 'alive':
      return { type: 'alive' };
    default:
      return undefined;
  }
}

function plain(message: JoinMessage): object {
  switch (message.type) {
    case 'hello':
      return { ...message, version };
    case 'welcome': {
      const { mac, address, network, ...rest } = message;
      return {
        ...rest,
        version,
        mac: formatMac(mac),
        ...(address !== undefined && { address: formatIpv4(address) }),
        network: formatIpv4Network(network),
      };
    }
    default:
      return message;
  }
}

function decodeHello(fields: Fields): Hello | undefined {
  const { key, demanded, last } = fields;
  if (fields['version'] !== version || !isNodeKey(key) || !isOptional(demanded, isInteger) || !isOptional(last, isInteger))
    return undefined;
  return { type: 'hello', key, demanded, last };
}

function decodeWelcome(fields: Fields): Welcome | undefined {
  const { id, mtu, linkPort } = fields;
  const mac = parseMac(textOf(fields['mac']));
  const network = parseIpv4Network(textOf(fields['network']));
  const reserved = fields['address'];
  const address = typeof reserved === 'string' ? parseIpv4(reserved) : undefined;
  if (fields['version'] !== version || mac === undefined || network === undefined) return undefined;
  if (reserved !== undefined && address === undefined) return undefined;
  if (!isInteger(id) || id < 1 || id > maxId || !isInteger(mtu) || !isInteger(linkPort) || linkPort < 1 || linkPort > 65_535)
    return undefined;
  return { type: 'welcome', id, mac, address, network, mtu, linkPort };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a text. `String` is not used, since a received object may have a `toString` that is not a function. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}
