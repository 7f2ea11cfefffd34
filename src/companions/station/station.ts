import type { Clock, Timer } from '../../clock.ts';
import type { ClientLease } from '../../dhcp/client-lease.ts';
import { Host } from '../../host/host.ts';
import type { Random } from '../../random.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';
import type { MacAddress } from '../../wire/mac.ts';

/** What a station is made of. */
export interface StationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Sends a frame; it is called inside and outside of breaths. */
  readonly send: (frame: Uint8Array) => void;
  /** Who is pinged, once a second while there is a lease. */
  readonly peers?: readonly Ipv4Address[];
  /** Called when a lease is there or has changed, and with undefined when it is gone. */
  readonly onLease: (lease: ClientLease | undefined) => void;
  /** What came of each ping: milliseconds of the round trip, or undefined without an answer within a second. */
  readonly onPing?: (peer: Ipv4Address, milliseconds: number | undefined) => void;
}

/** Milliseconds until a DHCP message is said again: the wire is short. */
const firstRetry = 1000;
/** Milliseconds from one ping of a peer to the next. */
const interval = 1000;

/** A host that gets its address by DHCP, and pings its peers while it has one. Frames in, frames out. */
export class Station implements Disposable {
  readonly #options: StationOptions;
  readonly #host: Host;
  #timer: Timer | undefined;

  constructor(options: StationOptions) {
    const { clock, random, mac, send } = options;
    this.#options = options;
    this.#host = new Host({ clock, random, mac, send, dhcp: { firstRetry }, onLease: (lease) => this.#changeLease(lease) });
  }

  /** The lease; undefined while there is none. */
  get lease(): ClientLease | undefined {
    return this.#host.dhcp?.lease;
  }

  /** A frame came in. It is not kept. */
  receive(frame: Uint8Array): void {
    this.#host.receive(frame);
  }

  /** The switch is gone, or back. */
  carrier(up: boolean): void {
    this.#host.carrier(up);
  }

  /** Says to everybody who has this address, so that switches and hosts find the way to it. */
  announce(): void {
    this.#host.announce();
  }

  /** Stops without a word; the lease goes on. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }

  #changeLease(lease: ClientLease | undefined): void {
    this.#options.onLease(lease);
    if (lease !== undefined) {
      if (this.#timer === undefined) this.#ping();
      return;
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #ping(): void {
    const { clock, peers = [], onPing } = this.#options;
    this.#timer = clock.after(interval, () => this.#ping());
    for (const peer of peers) this.#host.ping(peer, (milliseconds) => onPing?.(peer, milliseconds), { timeout: interval });
  }
}
