import type { Clock } from '../clock.ts';
import type { Feed } from '../feed.ts';
import type { Random } from '../random.ts';
import type { Talk } from '../switch/talk.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NodeId } from './identity.ts';
import type { NamedPeer, ShortcutMessage } from './shortcut-messages.ts';

/** The ALPN of a shortcut: it can never be taken for a link. */
export const shortcutAlpn = 'etherloom/shortcut/1';

/** The bounds of a slave's shortcuts. Times are in milliseconds. */
export const shortcutBounds = {
  shortcuts: 16,
  dials: 2,
  /** A shortcut without frames ends. */
  idle: 60_000,
  /** They all end so long after the last sign of the master. */
  orphan: 10_000,
  firstPause: 5000,
  /** A member that has called may call again after so long: less than a pause, since its call takes time. */
  callPause: 4000,
  longestPause: 300_000,
} as const;

/** An open connection to another slave, at a port of the switch. */
export interface ShortcutLink {
  readonly port: number;
  /** Ends it, and removes its port, at once. `closed` is not called. */
  end(reason: string): void;
}

/** The callbacks of a shortcut that is dialled. `closed` is called once, unless it was ended or disposed of from this side. */
export interface ShortcutEvents {
  /** Called once the far end has proven the key, and has admitted this one. */
  opened(link: ShortcutLink): void;
  closed(reason: string): void;
}

/** Dials a neighbour at its addresses, by `shortcutAlpn`. The far end must prove its key. Disposing the result drops the attempt. */
export type ShortcutDial = (target: NamedPeer & { readonly addresses: readonly string[] }, events: ShortcutEvents) => Disposable;

/** The switch, as far as shortcuts of the star need it: see `Switch.shortcuts`. */
export interface ShortcutSwitch {
  readonly talks: Feed<Talk>;
  readonly lost: Feed<number>;
  open(port: number, peer: number): void;
  tell(station: Talk, peer: number): void;
  /** The frames of stations that a shortcut has carried, both ways. */
  traffic(port: number): number;
}

/** The means of the engine. */
export interface ShortcutEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly bridge: ShortcutSwitch;
  readonly dial: ShortcutDial;
  /** Sends a message to the master, if this slave is joined. */
  readonly send: (message: ShortcutMessage) => void;
  /** Ends the calls of a key that have come in, and are not open yet. */
  readonly endCalls: (key: Fingerprint) => void;
  /** Returns the addresses at which other slaves may dial this one. */
  readonly addresses: () => readonly string[];
}

/** An event of a slave's shortcuts. */
export type ShortcutEvent =
  | { readonly type: 'opened'; readonly id: NodeId }
  | { readonly type: 'ended'; readonly id: NodeId; readonly reason: string }
  | { readonly type: 'failed'; readonly id: NodeId; readonly reason: string };

/** The decision on a call by its key. */
export type ShortcutVerdict = { readonly admit: true; readonly id: NodeId } | { readonly admit: false; readonly reason: string };
