import { cleanText } from '../clean-text.ts';
import { formatIpv4, formatIpv4Network, parseIpv4, parseIpv4Network } from '../wire/ipv4.ts';
import { formatMac, parseMac } from '../wire/mac.ts';
import { isFingerprint } from './fingerprint.ts';
import { maxId } from './identity.ts';
import {
  protocolVersion,
  type Hello,
  type JoinMessage,
  type JoinRefusal,
  type MasterPlace,
  type RefusalCode,
  type Welcome,
} from './messages.ts';
import { isNodeKey } from './node-key.ts';
import { isShortcutMessage, plainShortcutMessage, shortcutDecoders } from './shortcut-messages.ts';
import { isSecret, isTokenId, type Token } from './token.ts';

/** The longest text in a field that is not a reason, in characters. */
const longestText = 255;
const longestReason = 500;
const mostMasters = 8;
const mostAddresses = 8;

/** Encodes a message as one line, with its end. */
export function encodeJoinMessage(message: JoinMessage): string {
  return JSON.stringify(plain(message)) + '\n';
}

/**
 * Decodes a message from a line without its end. Returns undefined if it is none: not an object with a type, or a known type whose fields are
 * wrong. A hello or welcome of another version is an `other-version`, a message of an unknown type an `unknown`.
 * Text that people are shown is clean: `cleanText`.
 */
export function decodeJoinMessage(line: string): JoinMessage | undefined {
  const fields = parseObject(line);
  const type = fields?.['type'];
  if (!fields || typeof type !== 'string') return undefined;
  if ((type === 'hello' || type === 'welcome') && fields['version'] !== protocolVersion) return decodeOther(type, fields);
  return Object.hasOwn(decoders, type) ? decoders[type]?.(fields) : { type: 'unknown' };
}

/** Text and numbers that JSON can carry. */
function plain(message: JoinMessage): object {
  switch (message.type) {
    case 'hello':
      return { ...message, version: protocolVersion };
    case 'welcome': {
      const { mac, address, network, ...rest } = message;
      return {
        ...rest,
        version: protocolVersion,
        mac: formatMac(mac),
        ...(address !== undefined && { address: formatIpv4(address) }),
        network: formatIpv4Network(network),
      };
    }
    default:
      return isShortcutMessage(message) ? plainShortcutMessage(message) : message;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const decoders: Readonly<Record<string, (fields: Fields) => JoinMessage | undefined>> = {
  hello: decodeHello,
  welcome: decodeWelcome,
  refusal: decodeRefusal,
  alive: ({ sent, echo, held }) => ({ type: 'alive', sent: numberOf(sent), echo: numberOf(echo), held: numberOf(held) }),
  confirm: ({ incarnation }) => (isText(incarnation) ? { type: 'confirm', incarnation } : undefined),
  wait: ({ reason }) => ({ type: 'wait', reason: reasonIn(reason) }),
  rekey(fields) {
    const token = decodeToken(fields['token']);
    return token && { type: 'rekey', token };
  },
  'next-pin': ({ pin }) => (isFingerprint(pin) ? { type: 'next-pin', pin } : undefined),
  'holds-pin': ({ pin }) => (isFingerprint(pin) ? { type: 'holds-pin', pin } : undefined),
  'disputes-pin': ({ pins }) =>
    Array.isArray(pins) && pins.length <= mostMasters && pins.every(isFingerprint) ? { type: 'disputes-pin', pins } : undefined,
  news: ({ serial, description }) =>
    isCount(serial) && isObject(description) && !Array.isArray(description) ? { type: 'news', serial, description } : undefined,
  masters(fields) {
    const masters = decodeMasters(fields['masters']);
    const term = fields['term'];
    return masters && isCount(term) ? { type: 'masters', term, masters } : undefined;
  },
  renamed: ({ name }) => (isText(name) ? { type: 'renamed', name: cleanText(name, longestText) } : undefined),
  kicked: ({ reason }) => ({ type: 'kicked', reason: reasonIn(reason) }),
  state: ({ guest, address }) =>
    isOptional(guest, isText) && isOptional(address, isText)
      ? { type: 'state', guest: textIn(guest), address: textIn(address) }
      : undefined,
  end: () => ({ type: 'end' }),
  leave: () => ({ type: 'leave' }),
  left: () => ({ type: 'left' }),
  ...shortcutDecoders,
};

function decodeOther(of: 'hello' | 'welcome', fields: Fields): JoinMessage | undefined {
  const told = fields['version'];
  if (typeof told !== 'number' && typeof told !== 'string') return undefined;
  return { type: 'other-version', of, version: cleanText(String(told), 32), software: textIn(fields['software']) };
}

function decodeHello(fields: Fields): Hello | undefined {
  const { key, demanded, last, software, host, name, run, incarnation, group, ephemeral } = fields;
  const token = fields['token'] === undefined ? undefined : decodeToken(fields['token']);
  if (fields['token'] !== undefined && !token) return undefined;
  if (!isOptional(key, isNodeKey) || !isOptional(demanded, isInteger) || !isOptional(last, isInteger)) return undefined;
  if (!isOptional(run, isText) || !isOptional(incarnation, isText) || !isOptional(group, isText)) return undefined;
  if (!isOptional(software, isText) || !isOptional(host, isText) || !isOptional(name, isText)) return undefined;
  const shown = { software: textIn(software), host: textIn(host), name: textIn(name) };
  return { type: 'hello', key, demanded, last, ...shown, run, incarnation, group, token, ...(ephemeral === true && { ephemeral }) };
}

function decodeWelcome(fields: Fields): Welcome | undefined {
  const { id, mtu, linkPort, term } = fields;
  const mac = parseMac(textOf(fields['mac']));
  const network = parseIpv4Network(textOf(fields['network']));
  const reserved = fields['address'];
  const address = typeof reserved === 'string' ? parseIpv4(reserved) : undefined;
  if (mac === undefined || network === undefined || (reserved !== undefined && address === undefined)) return undefined;
  if (!isInteger(id) || id < 1 || id > maxId || !isInteger(mtu) || !isInteger(linkPort) || linkPort < 1 || linkPort > 65_535)
    return undefined;
  const { software, group, name, incarnation } = fields;
  if (![software, group, name, incarnation].every((text) => isOptional(text, isText)) || !isOptional(term, isCount)) return undefined;
  const masters = fields['masters'] === undefined ? undefined : decodeMasters(fields['masters']);
  if (fields['masters'] !== undefined && !masters) return undefined;
  const told = { software: textIn(software), group: textIn(group), name: textIn(name), term, masters, incarnation: textIn(incarnation) };
  return { type: 'welcome', id, mac, address, network, mtu, linkPort, ...told };
}

function decodeRefusal({ reason, retry, code }: Fields): JoinRefusal {
  return { type: 'refusal', reason: reasonIn(reason), retry: retry === true, code: refusalCodes.find((known) => known === code) };
}

const refusalCodes: readonly RefusalCode[] = [
  'version',
  'token',
  'barred',
  'unknown',
  'group',
  'alive',
  'copied',
  'waiting',
  'id',
  'name',
  'full',
  'busy',
  'store',
  'message',
];

function decodeToken(value: unknown): Token | undefined {
  if (!isObject(value)) return undefined;
  const { id, secret } = value;
  return isTokenId(id) && isSecret(secret) ? { id, secret } : undefined;
}

function decodeMasters(value: unknown): readonly MasterPlace[] | undefined {
  if (!Array.isArray(value) || value.length > mostMasters) return undefined;
  const masters = value.map(decodeMaster);
  return masters.every((master) => master !== undefined) ? masters : undefined;
}

function decodeMaster(value: unknown): MasterPlace | undefined {
  if (!isObject(value)) return undefined;
  const { pin, addresses } = value;
  if (!isFingerprint(pin) || !Array.isArray(addresses) || addresses.length > mostAddresses) return undefined;
  return addresses.every(isText) ? { pin, addresses } : undefined;
}

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Returns a text. `String` is not used, since a received object may have a `toString` that is not a function. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function reasonIn(value: unknown): string {
  return cleanText(textOf(value), longestReason);
}

/** Returns text that people are shown, clean. */
function textIn(value: unknown): string | undefined {
  return isText(value) ? cleanText(value, longestText) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText;
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}
