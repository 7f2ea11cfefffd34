import type { Clock, Timer } from '../../clock.ts';
import type { ClientLease } from '../../dhcp/client-lease.ts';
import { Host } from '../../host/host.ts';
import type { Random } from '../../random.ts';
import type { Ipv4Address } from '../../wire/ipv4.ts';
import type { MacAddress } from '../../wire/mac.ts';

/** The settings and callbacks of a station. */
export interface StationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mac: MacAddress;
  /** Sends a frame. May be called inside and outside of breaths. */
  readonly send: (frame: Uint8Array) => void;
  /** The addresses that are pinged once a second while there is a lease. */
  readonly peers?: readonly Ipv4Address[];
  /** Called with each new or changed lease, and with undefined when it is gone. */
  readonly onLease: (lease: ClientLease | undefined) => void;
  /** Called with the result of each ping: the round-trip time in milliseconds, or undefined if no answer came within a second. */
  readonly onPing?: (peer: Ipv4Address, milliseconds: number | undefined) => void;
}

/** Milliseconds until a DHCP message is sent again. Short, because the server is near. */
const firstRetry = 1000;
/** Milliseconds between two pings of a peer. */
const interval = 1000;

/**
 * A host that gets its address by DHCP, and pings its peers while it has one. It does no I/O: frames come by `receive` and leave by `send`.
 */
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

  /** Receives a frame. It is not kept. */
  receive(frame: Uint8Array): void {
    this.#host.receive(frame);
  }

  /** Sets whether the switch is connected. */
  carrier(up: boolean): void {
    this.#host.carrier(up);
  }

  /** Announces the station's address, so that switches and hosts learn where it is. */
  announce(): void {
    this.#host.announce();
  }

  /** Stops without releasing the lease. */
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
