import { AcceptLoop } from '../../ports/accept-loop.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import type { ListeningSocket } from '../../ports/stream/stream-endpoint.ts';
import type { TcpAddress } from '../../ports/tcp-address.ts';
import { closeAfterReading, setLeastReadable } from '../../system/tcp-socket.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { NodeId } from '../identity.ts';
import type { ShortcutVerdict } from '../shortcut-context.ts';
import { decisiveLength } from './first-octets.ts';
import type { Established, Security } from './handshake.ts';
import { listenAt } from './listen-at.ts';
import { Reception, usualBounds, type Arrival, type ReceptionBounds } from './reception.ts';
import { originOf } from './waiting-room.ts';

/** A member that has proven its key, and was admitted. */
export interface ShortcutCaller {
  readonly key: Fingerprint;
  readonly id: NodeId;
  /** Its address, `HOST:PORT`. */
  readonly from: string;
}

/** The address of a door for shortcuts, and the judge and the taker of its connections. */
export interface ShortcutDoorOptions {
  /** Port 0 means a free one. */
  readonly listen: TcpAddress;
  /** Takes the protocol of shortcuts alone. */
  readonly security: Pick<Security, 'accept'>;
  /** Decides about a far end by the key that it has proven. */
  readonly admit: (key: Fingerprint) => ShortcutVerdict;
  /** Takes a connection that was admitted. The channel belongs to it. */
  readonly take: (channel: ByteChannel, caller: ShortcutCaller) => void;
  /** Returns the addresses of expected members: handshakes from there come before those of others. */
  readonly hosts: () => ReadonlySet<string>;
  readonly bounds?: Partial<ReceptionBounds>;
}

/** The places for connections whose far ends are not known yet: a slave expects a few members at a time. */
const places = 16;

/** The listening side of a slave's shortcuts: encrypted connections alone, of members that the master told of. */
export class ShortcutDoor implements Disposable {
  readonly #options: ShortcutDoorOptions;
  readonly #listening: ListeningSocket;
  readonly #reception: Reception;
  readonly #loop: AcceptLoop;
  readonly #warn: ReturnType<typeof onceAMinute>;

  private constructor(listening: ListeningSocket, options: ShortcutDoorOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#listening = listening;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#reception = new Reception(
      {
        security: options.security,
        bounds: { ...usualBounds, places, ...options.bounds },
        membersOf: (origin) => [...options.hosts()].filter((host) => originOf(host) === origin).length,
        takesSilent: () => false,
        plain: ({ fd }) => closeAfterReading(fd),
        secured: (arrival, established) => this.#take(arrival, established),
      },
      environment,
    );
    // Connections inherit it. A look at fewer octets might not tell what they are.
    setLeastReadable(listening.fd, decisiveLength);
    this.#loop = new AcceptLoop(listening.fd, (fd) => this.#reception.enter(fd), environment, 'connections');
  }

  /** Listens. Throws EtherloomError: `bad-address`, or a SystemError (EADDRINUSE, EACCES). */
  static async open(options: ShortcutDoorOptions, environment: PortEnvironment): Promise<ShortcutDoor> {
    return new ShortcutDoor(await listenAt(options.listen), options, environment);
  }

  /** The port at which it listens. */
  get port(): number {
    return this.#listening.port;
  }

  /** Ends the handshakes under way. Connections that were taken stay. */
  [Symbol.dispose](): void {
    this.#loop[Symbol.dispose]();
    this.#listening.close();
    this.#reception[Symbol.dispose]();
  }

  #take({ from }: Arrival, { fingerprint: key, channel }: Established): void {
    const verdict = this.#options.admit(key);
    if (verdict.admit) {
      this.#options.take(channel, { key, id: verdict.id, from });
      return;
    }
    this.#warn(`refused the shortcut from ${from} with the key ${key}: ${verdict.reason}`, { key: verdict.reason });
    channel[Symbol.dispose]();
  }
}
