/**
 * The messages about shortcuts between slaves, on the control connections with their master:
 *
 *     slave -> master   {"type":"reach","addresses":["192.168.1.7:41234"]}, once joined: where other slaves may dial it. Without it, it gets none
 *     master -> slave   {"type":"rules","part":0,"parts":1,"rules":["member 1-17", …]}, then and when they change: see `told-rules.ts`
 *     slave -> master   {"type":"seek","vid":0,"mac":"02:65:6c:00:00:05"}: behind which member is this station?
 *     master -> slave   {"type":"neighbour","id":5,"key":"…","addresses":[…],"station":{"vid":0,"mac":"…"}}: it may link with that member
 *     master -> slave   {"type":"barred","key":"…"}, to all: this key is no member
 *     slave -> master   {"type":"shortcuts","peers":[{"id":5,"key":"…"}]}: those that it has, after each change and each welcome
 */
import { formatMac, parseMac } from '../wire/mac.ts';
import { vid as vidFrom } from '../wire/dot1q.ts';
import type { Talk } from '../switch/talk.ts';
import { isFingerprint, type Fingerprint } from './fingerprint.ts';
import { maxId, type NodeId } from './identity.ts';

/** The most addresses that a slave tells, the most shortcuts that it reports, and the most rules in a part; the longest address and rule in characters. */
export const shortcutMessageBounds = { addresses: 8, peers: 32, rules: 64, parts: 1024, address: 255, rule: 40 } as const;

/** The places at which other slaves may dial this one, `HOST:PORT`. There may be none: it dials only. */
export interface Reach {
  readonly type: 'reach';
  readonly addresses: readonly string[];
}

/** The question behind which member a station is. The answer is a `neighbour`, or none. */
export interface Seek extends Talk {
  readonly type: 'seek';
}

/** Another member, by its id and its key. */
export interface NamedPeer {
  readonly id: NodeId;
  readonly key: Fingerprint;
}

/** A member with which the slave may link. */
export interface Neighbour extends NamedPeer {
  readonly type: 'neighbour';
  readonly addresses: readonly string[];
  /** The station that the slave asked about; undefined for the member that was asked about. */
  readonly station?: Talk | undefined;
}

/** Returns the member behind which a station is; undefined if it is not known, or behind the master itself. */
export type WhereIs = (station: Talk) => NodeId | undefined;

/** A key that is no member any more. */
export interface Barred {
  readonly type: 'barred';
  readonly key: Fingerprint;
}

/** The shortcuts that a slave has. */
export interface ShortcutReport {
  readonly type: 'shortcuts';
  readonly peers: readonly NamedPeer[];
}

/** A part of the master's rules for frames from members. The parts come in order. */
export interface RulesPart {
  readonly type: 'rules';
  /** Its number, from 0. */
  readonly part: number;
  readonly parts: number;
  readonly rules: readonly string[];
}

/** Any message about shortcuts. */
export type ShortcutMessage = RulesPart | Reach | Seek | Neighbour | Barred | ShortcutReport;

/** Returns whether a message is about shortcuts. */
export function isShortcutMessage(message: { readonly type: string }): message is ShortcutMessage {
  return Object.hasOwn(shortcutDecoders, message.type);
}

/** Returns a message as JSON carries it. */
export function plainShortcutMessage(message: ShortcutMessage): object {
  if (message.type === 'seek') return { ...message, mac: formatMac(message.mac) };
  if (message.type !== 'neighbour' || !message.station) return message;
  const { vid, mac } = message.station;
  return { ...message, station: { vid, mac: formatMac(mac) } };
}

type Fields = Readonly<Record<string, unknown>>;

/** The decoders by type. Each returns undefined for wrong fields. */
export const shortcutDecoders: Readonly<Record<ShortcutMessage['type'], (fields: Fields) => ShortcutMessage | undefined>> = {
  reach({ addresses }) {
    return isAddresses(addresses) ? { type: 'reach', addresses } : undefined;
  },
  seek(fields) {
    const station = decodeStation(fields);
    return station && { type: 'seek', ...station };
  },
  neighbour(fields) {
    const peer = decodePeer(fields);
    const { addresses } = fields;
    const station = fields['station'] === undefined ? undefined : decodeStation(fields['station']);
    if (!peer || !isAddresses(addresses) || (fields['station'] !== undefined && !station)) return undefined;
    return { type: 'neighbour', ...peer, addresses, station };
  },
  rules({ part, parts, rules }) {
    const { rules: most, parts: mostParts, rule } = shortcutMessageBounds;
    if (!isIndex(parts, mostParts + 1) || !isIndex(part, parts) || !isTexts(rules, { most, longest: rule })) return undefined;
    return { type: 'rules', part, parts, rules };
  },
  barred: ({ key }) => (isFingerprint(key) ? { type: 'barred', key } : undefined),
  shortcuts(fields) {
    const list = fields['peers'];
    if (!Array.isArray(list) || list.length > shortcutMessageBounds.peers) return undefined;
    const peers = list.map(decodePeer);
    return peers.every((peer) => peer !== undefined) ? { type: 'shortcuts', peers } : undefined;
  },
};

function decodePeer(value: unknown): NamedPeer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, key } = value as Fields;
  return typeof id === 'number' && Number.isInteger(id) && id >= 1 && id <= maxId && isFingerprint(key) ? { id, key } : undefined;
}

function decodeStation(value: unknown): Talk | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { vid, mac } = value as Fields;
  const parsed = typeof mac === 'string' ? parseMac(mac) : undefined;
  if (typeof vid !== 'number' || !Number.isInteger(vid) || vid < 0 || vid > 0xffe || parsed === undefined) return undefined;
  return { vid: vidFrom(vid), mac: parsed };
}

function isAddresses(value: unknown): value is readonly string[] {
  const { addresses: most, address: longest } = shortcutMessageBounds;
  return isTexts(value, { most, longest });
}

function isTexts(value: unknown, { most, longest }: { readonly most: number; readonly longest: number }): value is readonly string[] {
  return Array.isArray(value) && value.length <= most && value.every((one) => typeof one === 'string' && one.length <= longest);
}

function isIndex(value: unknown, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < limit;
}
