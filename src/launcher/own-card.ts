import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DataPlane } from '../daemon/data-plane.ts';
import type { Scope } from '../daemon/scope.ts';
import { EtherloomError } from '../errors.ts';
import { readMembership } from '../star/node/slave-files.ts';
import type { MacAddress } from '../wire/mac.ts';
import { cardSockets, openCardPort } from './card-port.ts';
import { attachmentAt, carriesMtu, streamRedial, type Attachment, type Card } from './guest/attachment.ts';
import { probeQemu } from './guest/qemu-probe.ts';
import { guestDirectory } from './node-guest.ts';

/** The user's settings of the card for a QEMU of their own. */
export interface CardWish {
  /** How it is attached. Default: as a client of the switch's directory, which every QEMU of Debian has. */
  readonly attach?: Attachment['kind'] | undefined;
  /** The QEMU, of which `stream` asks the version. Default: the one in PATH. */
  readonly qemu?: string | undefined;
}

/** The card of a QEMU that the user starts, at the switch of a node without a guest of its own. */
export interface OwnCardOptions extends CardWish {
  readonly mac: MacAddress;
  /** The MTU of the network, in octets. */
  readonly mtu: number;
  /** The switch's directory. */
  readonly directory: string;
  /** The node's state directory. */
  readonly state: string;
}

/**
 * Returns the card, without opening anything; undefined if the default form does not carry the network's MTU. Throws
 * EtherloomError('bad-option') if the wished form does not carry it.
 */
export async function ownCard(options: OwnCardOptions, signal?: AbortSignal): Promise<Card | undefined> {
  const { attach, mac, mtu, directory, state } = options;
  const kind = attach ?? 'vde';
  if (!carriesMtu(kind, mtu)) {
    if (attach === undefined) return undefined;
    throw new EtherloomError('bad-option', `--attach ${kind} does not carry the network's MTU of ${mtu}; choose --attach stream`);
  }
  const places = { nic: cardSockets(guestDirectory(resolve(state))), vdeDirectory: directory };
  const redial = kind === 'stream' ? await redialOf(options.qemu, signal) : '';
  return { attachment: attachmentAt(kind, places, redial), mac, mtu };
}

/**
 * Returns the card, as `ownCard` does, and opens the switch's side of it until `scope` ends. Throws the errors of `openCardPort` as well.
 */
export async function openOwnCard(
  options: OwnCardOptions,
  plane: DataPlane,
  scope: Scope,
  signal?: AbortSignal,
): Promise<Card | undefined> {
  const card = await ownCard(options, signal);
  if (card === undefined || card.attachment.kind === 'vde') return card;
  const directory = guestDirectory(resolve(options.state));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await openCardPort(card.attachment.kind, cardSockets(directory), plane, plane.environment, scope);
  return card;
}

/**
 * Returns the card of a slave that has joined, whether it runs or not. Throws EtherloomError: `bad-option` if it has not joined, `bad-state`, and
 * the errors of `ownCard`.
 */
export async function joinedCard(options: Omit<OwnCardOptions, 'mac' | 'mtu'>): Promise<Card> {
  const place = (name: string): string => join(options.state, name);
  const text = (name: string): string | undefined => (existsSync(place(name)) ? readFileSync(place(name), 'utf8') : undefined);
  const welcome = readMembership({ in: place, read: text })?.welcome;
  if (!welcome) throw new EtherloomError('bad-option', `${options.state} has not joined a star; join it first: etherloom join LINE`);
  const card = await ownCard({ ...options, mac: welcome.mac, mtu: welcome.mtu });
  if (card) return card;
  throw new EtherloomError('bad-option', `the network's MTU of ${welcome.mtu} needs another form of the card; give --attach stream`);
}

/** Returns the option that makes the user's QEMU reconnect: for the newest versions if its version is not known. */
async function redialOf(program: string | undefined, signal: AbortSignal | undefined): Promise<string> {
  const newest = 'reconnect-ms=200';
  try {
    const { version } = await probeQemu(process.arch === 'arm64' ? 'arm64' : 'x64', program, signal);
    return streamRedial(version) ?? newest;
  } catch {
    signal?.throwIfAborted();
    return newest;
  }
}
