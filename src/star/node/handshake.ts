import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { shortcutAlpn } from '../shortcut-context.ts';

/** The far end of a secured connection, and the octets that it exchanges. */
export interface Established {
  /** The fingerprint of the key that the far end proved to have. */
  readonly fingerprint: string;
  /** The protocol that both ends agreed on; undefined if the far end named none. [RFC 7301] */
  readonly protocol: string | undefined;
  /** The connection from now on. It belongs to the caller, with its descriptor. */
  readonly channel: ByteChannel;
}

/** The state of a handshake. */
export type HandshakeState =
  | { readonly is: 'waiting'; readonly until: 'readable' | 'writable' } // it goes on when the connection is ready so
  | { readonly is: 'done'; readonly established: Established }
  | { readonly is: 'failed'; readonly reason: string }; // the far end was told by an alert, if it is one of TLS

/** A handshake under way. It never waits. Disposing it before it is done frees its memory, and leaves the descriptor open. */
export interface Handshake extends Disposable {
  /** Does the next piece of the handshake: up to a millisecond of the thread's time. */
  step(): HandshakeState;
}

/** The protocols inside TLS at the door of a master, as both ends name them. [RFC 7301] */
export const starProtocols = {
  control: 'etherloom/control/1',
  link: 'etherloom/link/1',
} as const;

/** A protocol inside TLS. That of shortcuts is taken by slaves alone. */
export type StarProtocol = (typeof starProtocols)[keyof typeof starProtocols] | typeof shortcutAlpn;

/** The makers of handshakes with this node's own key. */
export interface Security {
  /** Begins the handshake of the end that was connected to. The non-blocking descriptor remains the caller's until it is done. */
  accept(fd: Fd): Handshake;
  /** Begins the handshake of the end that connected. */
  connect(fd: Fd, protocol: StarProtocol): Handshake;
}
