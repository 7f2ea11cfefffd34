import { DhcpServer } from '../../../src/dhcp/server.ts';
import { volatileLeaseStore } from '../../../src/dhcp/lease-record.ts';
import { Station, type StationOptions } from '../../../src/companions/station/station.ts';
import { formatIpv4, type Ipv4Address } from '../../../src/wire/ipv4.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';
import { ManualClock } from '../../manual-clock.ts';
import { configuration } from '../../dhcp/segment.ts';

/** The reports of a station of a Network. */
export interface Told {
  readonly station: Station;
  /** All its leases, as text; `none` when one was gone. */
  readonly leases: string[];
  /** All its pings: the peer, and the time in milliseconds. */
  readonly pings: (readonly [peer: Ipv4Address, milliseconds: number | undefined])[];
  /** Frames that the station sent. */
  readonly sent: Uint8Array[];
}

/** A hub in virtual time, with a DHCP server of 10.77.0.0/24 on it. A frame takes a millisecond; its octets are gone when it was heard. */
export class Network implements Disposable {
  readonly clock = new ManualClock();
  readonly #hears = new Map<object, (frame: Uint8Array) => void>();
  readonly #things: Disposable[] = [];

  constructor() {
    const server = new DhcpServer({
      config: configuration(),
      clock: this.clock,
      bridge: { send: (frame) => this.send(server, frame), breath: (work) => work() },
      store: volatileLeaseStore,
      records: [],
      event: () => undefined,
    });
    this.plug(server, (frame) => server.receive(frame, 1));
    this.#things.push(server);
  }

  /** Puts a station there, number `n` of its kind. */
  station(n: number, options: Partial<StationOptions> = {}): Told {
    const told: Omit<Told, 'station'> = { leases: [], pings: [], sent: [] };
    const station = new Station({
      clock: this.clock,
      random: { uint32: () => n * 7919 },
      mac: macFromNumber(0x0200_0000_1000 + n),
      send: (frame) => {
        told.sent.push(frame.slice());
        this.send(station, frame);
      },
      onLease: (lease) => told.leases.push(lease === undefined ? 'none' : formatIpv4(lease.address)),
      onPing: (peer, milliseconds) => told.pings.push([peer, milliseconds]),
      ...options,
    });
    this.plug(station, (frame) => station.receive(frame));
    this.#things.push(station);
    return { ...told, station };
  }

  /** Lets `receive` hear what others send. */
  plug(who: object, receive: (frame: Uint8Array) => void): void {
    this.#hears.set(who, receive);
  }

  /** It hears nothing any more. */
  unplug(who: object): void {
    this.#hears.delete(who);
  }

  send(from: object, frame: Uint8Array): void {
    this.clock.after(1, () => {
      for (const [who, receive] of [...this.#hears]) {
        if (who === from) continue;
        const borrowed = frame.slice();
        receive(borrowed);
        borrowed.fill(0xa5);
      }
    });
  }

  [Symbol.dispose](): void {
    for (const thing of this.#things) thing[Symbol.dispose]();
  }
}
