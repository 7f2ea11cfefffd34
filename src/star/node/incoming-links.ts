import { Feed } from '../../feed.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { onceAMinute } from '../../ports/once-a-minute.ts';
import { vdeFraming } from '../../ports/pure/frame-stream.ts';
import type { Peer } from '../../ports/pure/peer.ts';
import { denialText, type Acceptor } from '../../ports/pure/port.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import { StreamPort } from '../../ports/stream/stream-port.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { NodeId } from '../identity.ts';
import { HeardChannel, PlainPlaces } from './plain-places.ts';

/** The acceptor of links, and their bounds. */
export interface LinksOptions {
  readonly acceptor: Acceptor;
  /** The most plain links. */
  readonly mostPlain: number;
  /** The longest frame on a link, in octets. Default: 65,535. */
  readonly maxFrame?: number | undefined;
  /** How long the far end of a link may be silent before that ends, in milliseconds. Default: 5,000. */
  readonly deadAfter?: number | undefined;
  /** Called once a second while the member with that key sends on its link. Default: no callback. */
  readonly alive?: ((key: Fingerprint) => void) | undefined;
}

/** The link of a member that came up or ended. */
export interface LinkChange {
  readonly key: Fingerprint;
  readonly id: NodeId;
  /** True once the far end has greeted; false when the link has ended. */
  readonly linked: boolean;
  readonly port: StreamPort;
}

/** A plain link whose far end has greeted, or that has ended. */
export interface PlainLinkChange {
  /** The address of the far end, `HOST:PORT`. */
  readonly from: string;
  /** The member that the port of this link is for; undefined at a port for all. */
  readonly id: NodeId | undefined;
  readonly linked: boolean;
  readonly port: StreamPort;
}

/** The properties of one link. */
interface LinkWish {
  readonly module: string;
  readonly peer: Peer;
  readonly from: string;
  readonly awaitsGreeting: boolean;
  readonly greeted?: () => void;
  readonly alive?: () => void;
  readonly released: () => void;
}

/** The links that come in at a door: one for each member, and plain ones. */
export class IncomingLinks implements Disposable {
  /** The links of members. A link is reported as up when the far end's switch has greeted. */
  readonly changes = new Feed<LinkChange>();
  /** The plain links. One whose far end never greets is not among them. */
  readonly plainChanges = new Feed<PlainLinkChange>();
  readonly #options: LinksOptions;
  readonly #environment: PortEnvironment;
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #members = new Map<Fingerprint, StreamPort>();
  readonly #plain: PlainPlaces;
  readonly #ports = new Set<StreamPort>();

  constructor(options: LinksOptions, environment: PortEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#plain = new PlainPlaces(options.mostPlain);
  }

  /** Returns the link of a member, if it has one. */
  of(key: Fingerprint): StreamPort | undefined {
    return this.#members.get(key);
  }

  /** Takes the link of a member. It takes the place of an earlier one of the same key. */
  takeSecured(channel: ByteChannel, from: string, { key, id }: { readonly key: Fingerprint; readonly id: NodeId }): void {
    this.#members.get(key)?.end('a newer link of the same host took its place');
    const port: StreamPort | undefined = this.#take(channel, {
      module: 'tls',
      peer: { kind: 'node', id, fingerprint: key },
      from,
      awaitsGreeting: true,
      greeted: () => port && this.changes.emit({ key, id, linked: true, port }),
      alive: () => this.#options.alive?.(key),
      released: () => {
        if (!port || this.#members.get(key) !== port) return;
        this.#members.delete(key);
        this.changes.emit({ key, id, linked: false, port });
      },
    });
    if (port) this.#members.set(key, port);
  }

  /** Takes a plain link, whose far end may be an original. `id` is the member that its port is for, if there is one. */
  takePlain(inner: ByteChannel, from: string, id: NodeId | undefined): void {
    const channel = new HeardChannel(inner);
    const peer: Peer = { kind: 'remote', address: from };
    const tell = (linked: boolean): void => {
      if (port) this.plainChanges.emit({ from, id, linked, port });
    };
    const released = (): void => {
      this.#plain.leave(channel);
      tell(false);
    };
    const port: StreamPort | undefined = this.#take(channel, {
      module: 'tcp',
      peer,
      from,
      awaitsGreeting: false,
      greeted: () => tell(true),
      released,
    });
    if (port) this.#plain.enter(channel, port);
  }

  /** Ends the link of a member, if there is one. */
  end(key: Fingerprint, reason: string): void {
    this.#members.get(key)?.end(reason);
  }

  [Symbol.dispose](): void {
    for (const port of [...this.#ports]) port.end('the switch ends');
  }

  #take(channel: ByteChannel, { peer, from, released, greeted, alive, ...properties }: LinkWish): StreamPort | undefined {
    const { acceptor, maxFrame, deadAfter } = this.#options;
    const number = acceptor.choose('any', peer);
    if (typeof number === 'object') {
      this.#warn(`refused the link from ${from}: ${denialText(number, 'any')}`, { key: number.reason });
      channel[Symbol.dispose]();
      return undefined;
    }
    const options = { ...properties, description: from, framing: vdeFraming, deadAfter, ...(maxFrame !== undefined && { maxFrame }) };
    const port: StreamPort = new StreamPort(options, this.#environment, {
      lost: (reason) => port.end(reason),
      ...(greeted && { greeted }),
      ...(alive && { alive }),
      released: () => {
        this.#ports.delete(port);
        released();
      },
    });
    this.#ports.add(port);
    port.connect(channel);
    acceptor.accept(port, number, peer);
    return port;
  }
}
