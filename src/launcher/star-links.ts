import type { Clock } from '../clock.ts';
import type { DataPlane } from '../daemon/data-plane.ts';
import type { StarLinkView } from '../management/parts/star.ts';
import type { Peer } from '../ports/pure/peer.ts';
import type { Acceptor, Port, PortNumber } from '../ports/pure/port.ts';

/** The ports of a node that are links of its star. */
export class StarLinks implements Acceptor {
  readonly #plane: DataPlane;
  readonly #clock: Clock;
  readonly #ports = new WeakSet<Port>();

  constructor(plane: DataPlane, clock: Clock) {
    this.#plane = plane;
    this.#clock = clock;
  }

  choose(...wish: Parameters<Acceptor['choose']>): ReturnType<Acceptor['choose']> {
    return this.#plane.choose(...wish);
  }

  accept(port: Port, number: PortNumber, peer: Peer): void {
    this.#ports.add(port);
    this.#plane.accept(port, number, peer);
  }

  /** Adds a link at a free port number, and returns the number. Throws the errors of `DataPlane.add`. */
  add(port: Port): PortNumber {
    this.#ports.add(port);
    return this.#plane.add(port);
  }

  /** Returns the present links, in the order of their ports. */
  list(): readonly StarLinkView[] {
    const { ports } = this.#plane;
    const now = this.#clock.monotonic();
    const links = [...ports.endpoints()].filter(({ driver }) => this.#ports.has(driver)).sort((a, b) => a.number - b.number);
    return links.map(({ number, description, up, since, drops }) => {
      const { receivedFrames, receivedOctets, sentFrames, sentOctets } = ports.counts(number);
      return {
        port: number,
        peer: description,
        up,
        seconds: Math.floor((now - since) / 1000),
        received: { frames: receivedFrames, octets: receivedOctets },
        sent: { frames: sentFrames, octets: sentOctets },
        drops: { ...drops },
      };
    });
  }
}
