import type { Fingerprint } from './fingerprint.ts';
import type { JoinMessage } from './messages.ts';

/** One control connection, as the engines see it. It sends lines, and does not wait for anything. */
export interface ControlChannel {
  /** Sends a message after those already sent. Has no effect once the channel has ended. */
  send(message: JoinMessage): void;
  /** Ends the connection after what was sent. Later messages of the far end are dropped; `closed` is still called, with this reason. */
  end(reason: string): void;
}

/** The callbacks of a control connection. None is called from within `send` or `end`. */
export interface ControlEvents {
  /** Called when any octets were received, even if they are no whole message: they are a sign of life. */
  heard(): void;
  /** Called with each message, signs of life too. Messages of unknown types are passed over, and not reported. */
  message(message: JoinMessage): void;
  /** Called once, when the connection has ended, or could not be made. */
  closed(reason: string): void;
}

/** The far end of a control connection: proven by TLS, or plain. */
export type Caller = ProvenCaller | PlainCaller;

/** A node that has proven its key. */
export interface ProvenCaller {
  readonly key: Fingerprint;
  readonly plain?: undefined;
  /** Its address, `HOST:PORT`. */
  readonly from: string;
}

/** A node that has proven nothing: it tells its key itself. */
export interface PlainCaller {
  readonly key?: undefined;
  readonly plain: true;
  /** Its address, `HOST:PORT`. */
  readonly from: string;
}

/** The decision on a link by its key. */
export type LinkVerdict =
  { readonly admit: true; readonly id: number; readonly name: string } | { readonly admit: false; readonly reason: string };

/** A place at which a slave dials its master. */
export interface DialTarget {
  /** `HOST:PORT`; an IPv6 host stands without brackets, and the last `:` begins the port. */
  readonly address: string;
  /** The master's fingerprint, compared before a message is sent; undefined for a plain connection. */
  readonly pin: Fingerprint | undefined;
  /** The fingerprint of the master's next key, while it changes its key: either may be proven. */
  readonly nextPin?: Fingerprint | undefined;
  /** The slave's key that proves itself: the present one, or the one that is to replace it. */
  readonly identity: 'current' | 'next';
}

/** The callbacks of an attempt to dial. `closed` is called once in each case, unless the attempt was disposed of. */
export interface DialEvents extends ControlEvents {
  /** Called once the far end has proven a pin: that one; undefined for a plain connection. */
  opened(channel: ControlChannel, pin?: Fingerprint): void;
  /** Called once, when the connection has ended, or could not be made. `isForeign` is true if another key was proven there. */
  closed(reason: string, isForeign?: boolean): void;
}

/** Dials. Disposing the result drops the connection at once; then nothing more is called. */
export type Dial = (target: DialTarget, events: DialEvents) => Disposable;
