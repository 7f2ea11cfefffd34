import { EtherloomError } from '../errors.ts';
import { isFingerprint, type Fingerprint } from './fingerprint.ts';
import { formatPlace, type JoinLine } from './line.ts';
import { decodeJoinMessage, encodeJoinMessage } from './message-codec.ts';
import type { Welcome } from './messages.ts';
import { nextPinOf, takeNextPin, type Pins } from './next-pin.ts';
import { isNodeKey } from './node-key.ts';
import { isSecret, isTokenId, type Token } from './token.ts';

/** The state of a slave, which outlives its processes. It may hold a secret: only its owner may read it. */
export interface SlaveMemory extends Pins {
  /** The addresses that its user gave, `HOST:PORT` each. */
  readonly addresses: readonly string[];
  /** The token of the line, until the slave has joined. */
  readonly token?: Token | undefined;
  /** The key with which it joined. */
  readonly key?: string | undefined;
  /** The master's last answer to that key. */
  readonly welcome?: Welcome | undefined;
  /** True until the first welcome of a master that its user accepted under another pin: it must be of the same group. */
  readonly newMaster?: true | undefined;
  /** The key that is to replace the present one, and the token for that. */
  readonly rekey?: { readonly key: Fingerprint; readonly token: Token } | undefined;
}

/** The place of a slave's state. */
export interface SlaveStore {
  /** Returns undefined if there is none. Rejects with EtherloomError('bad-state') if it is damaged. */
  load(): Promise<SlaveMemory | undefined>;
  /** Replaces it in one step; it is durable when this resolves. Rejects with EtherloomError; then the old one is still there. */
  save(memory: SlaveMemory): Promise<void>;
}

/**
 * Applies a pasted line to the state of a slave, which may be new. The user has got it from the master: its next pin counts whatever else was
 * told. Throws EtherloomError('refused') that names both pins if the state belongs to a master with another pin, unless `newMaster` is true: then
 * that master must be of the same group.
 */
export function joinByLine(
  memory: SlaveMemory | undefined,
  line: JoinLine,
  { newMaster = false }: { readonly newMaster?: boolean | undefined } = {},
): SlaveMemory {
  const address = formatPlace(line.host, line.port);
  const given = { addresses: [address], token: line.token };
  const next = line.nextPin === undefined ? {} : { nextPins: [line.nextPin] };
  if (memory?.pin === undefined && memory?.welcome === undefined) return { ...given, pin: line.pin, ...next };
  if (memory.pin === line.pin) return { ...memory, ...given, ...next };
  if (memory.pin !== undefined && memory.pin === line.nextPin) return { ...memory, ...given };
  if (memory.formerPins?.includes(line.pin) === true) throw formerPin(line.pin, memory.pin);
  if (nextPinOf(memory) === line.pin) return { ...takeNextPin(memory, line.pin), ...given };
  if (newMaster && memory.pin !== undefined) return { ...memory, ...given, nextPins: undefined, ...next, pin: line.pin, newMaster: true };
  const own = memory.pin === undefined ? 'a plain star' : `the master with pin ${memory.pin}`;
  throw new EtherloomError(
    'refused',
    `cannot join the master with pin ${line.pin}: this state belongs to ${own}; use another --state, or --new-master if the master of the same group lost its key`,
  );
}

function formerPin(pin: Fingerprint, present: Fingerprint | undefined): EtherloomError {
  return new EtherloomError(
    'refused',
    `cannot join the master with pin ${pin}: the master of this state gave up that key for the one with pin ${present ?? 'none'}; make a new line there ("etherloom token new")`,
  );
}

/** Encodes a slave's state for `decodeSlaveMemory`. */
export function encodeSlaveMemory({ welcome, ...memory }: SlaveMemory): string {
  const told: unknown = welcome && JSON.parse(encodeJoinMessage(welcome));
  return JSON.stringify({ version: 1, ...memory, welcome: told }, null, 1) + '\n';
}

/** Decodes a slave's state. Returns undefined if the text is damaged. */
export function decodeSlaveMemory(text: string): SlaveMemory | undefined {
  const fields = parseObject(text);
  if (fields?.['version'] !== 1) return undefined;
  const { pin, addresses, key, newMaster } = fields;
  const token = fields['token'] === undefined ? undefined : decodeToken(fields['token']);
  const welcome = fields['welcome'] === undefined ? undefined : decodeJoinMessage(JSON.stringify(fields['welcome']));
  const rekey = fields['rekey'] === undefined ? undefined : decodeRekey(fields['rekey']);
  const [nextPins, formerPins] = [fields['nextPins'], fields['formerPins']];
  if (!isOptionalPins(nextPins) || !isOptionalPins(formerPins)) return undefined;
  if (!Array.isArray(addresses) || !addresses.every((address) => typeof address === 'string')) return undefined;
  if ((pin !== undefined && !isFingerprint(pin)) || (key !== undefined && !isFingerprint(key) && !isNodeKey(key))) return undefined;
  if ((fields['token'] !== undefined && !token) || (fields['rekey'] !== undefined && !rekey)) return undefined;
  if (fields['welcome'] !== undefined && welcome?.type !== 'welcome') return undefined;
  return {
    pin,
    ...(nextPins && { nextPins }),
    ...(formerPins && { formerPins }),
    addresses,
    token,
    key,
    welcome: welcome?.type === 'welcome' ? welcome : undefined,
    ...(newMaster === true && { newMaster }),
    rekey,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function decodeToken(value: unknown): Token | undefined {
  if (!isObject(value)) return undefined;
  const { id, secret } = value;
  return isTokenId(id) && isSecret(secret) ? { id, secret } : undefined;
}

function decodeRekey(value: unknown): SlaveMemory['rekey'] {
  if (!isObject(value)) return undefined;
  const token = decodeToken(value['token']);
  const { key } = value;
  return token && isFingerprint(key) ? { key, token } : undefined;
}

function isOptionalPins(value: unknown): value is readonly Fingerprint[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isFingerprint));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
