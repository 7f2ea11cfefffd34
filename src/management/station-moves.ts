import type { Clock, Timer } from '../clock.ts';
import { Feed } from '../feed.ts';
import type { PortNumber } from '../switch/switch.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';

/** A frame of a station at another port than the one where the station is known. */
export interface StationMove {
  readonly kind: 'move';
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly from: PortNumber;
  readonly to: PortNumber;
  /** True if the station is still known at `from`: it sent a frame there a moment ago, or that port is sticky. */
  readonly stays: boolean;
  /** The number of further moves since the last report; 0 in the first one. */
  readonly more: number;
}

/** A sign of a loop: frames of stations at several ports, at a rate that only a loop explains. */
export interface LoopSign {
  readonly kind: 'loop';
  /** The ports by which frames come back. */
  readonly ports: readonly PortNumber[];
  readonly stations: number;
  /** The number of frames that came back in that second. */
  readonly frames: number;
}

interface Record {
  last: StationMove;
  more: number;
  /** The second of its last frame. */
  second: number;
}

const minute = 60_000;
const second = 1000;

/** The most stations that are reported separately at a time. Further ones are reported as one, since senders choose their addresses. */
const mostStations = 16;

/**
 * The number of frames per second from moving stations that counts as a loop, if they are of several stations or at several ports. Below it, stations
 * may share an address.
 */
const loopFrames = 100;

/**
 * Watches stations move from port to port. It reports the first move at once, then once a minute with a count. The reports reveal loops,
 * and stations with the same address.
 */
export class StationMoves implements Disposable {
  readonly reports = new Feed<StationMove | LoopSign>();
  readonly #clock: Clock;
  readonly #records = new Map<MacAddress | 'others', Record>();
  readonly #timers = new Set<Timer>();
  #second = 0;
  #isLooking = false;
  #frames = 0;
  /** Pairs of a station and a port in this second. */
  #sightings = 0;
  #stations = 0;
  readonly #ports = new Set<PortNumber>();
  #loopTold = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records that a frame of a station arrived at `to` while the station is known at `from`; `stays` is true if it remains at `from`. */
  readonly note = (vid: Vid, mac: MacAddress, from: PortNumber, to: PortNumber, stays: boolean): void => {
    const key = this.#records.has(mac) || this.#records.size < mostStations ? mac : 'others';
    const known = this.#records.get(key);
    this.#lookForLoop(known, to);
    if (known) {
      known.more++;
      known.second = this.#second;
      known.last = { kind: 'move', vid, mac, from, to, stays, more: 0 };
      return;
    }
    const record: Record = { last: { kind: 'move', vid, mac, from, to, stays, more: 0 }, more: 0, second: this.#second };
    this.#records.set(key, record);
    this.reports.emit(record.last);
    this.#after(minute, () => this.#endMinute(key, record));
  };

  /** Ends all reports. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #endMinute(key: MacAddress | 'others', record: Record): void {
    if (record.more === 0) {
      this.#records.delete(key);
      return;
    }
    this.reports.emit({ ...record.last, more: record.more });
    record.more = 0;
    this.#after(minute, () => this.#endMinute(key, record));
  }

  #lookForLoop(known: Record | undefined, to: PortNumber): void {
    if (!this.#isLooking) {
      this.#isLooking = true;
      this.#after(second, () => this.#endSecond());
    }
    this.#frames++;
    const isNew = known?.second !== this.#second;
    if (isNew) this.#stations++;
    if (isNew || known.last.to !== to) this.#sightings++;
    if (this.#ports.size < mostStations) this.#ports.add(to);
  }

  #endSecond(): void {
    if (this.#frames >= loopFrames && this.#sightings > 1 && !this.#loopTold) {
      this.#loopTold = true;
      this.reports.emit({ kind: 'loop', ports: [...this.#ports].sort((a, b) => a - b), stations: this.#stations, frames: this.#frames });
      this.#after(minute, () => (this.#loopTold = false));
    }
    this.#isLooking = false;
    this.#second++;
    this.#frames = this.#sightings = this.#stations = 0;
    this.#ports.clear();
  }

  #after(delay: number, run: () => void): void {
    const timer = this.#clock.after(delay, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
