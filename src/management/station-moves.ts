import type { Clock, Timer } from '../clock.ts';
import { Feed } from '../feed.ts';
import type { PortNumber } from '../switch/switch.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { MacAddress } from '../wire/mac.ts';

/** A station that was heard behind another port than the one where it is known. */
export interface StationMove {
  readonly kind: 'move';
  readonly vid: Vid;
  readonly mac: MacAddress;
  readonly from: PortNumber;
  readonly to: PortNumber;
  /** Whether the station is still known at `from`: it was heard there a moment ago, or that port is sticky. */
  readonly stays: boolean;
  /** How often that happened since the last report; 0 in the first one. */
  readonly more: number;
}

/** Stations that are heard behind several ports at a rate that only a loop explains. */
export interface LoopSign {
  readonly kind: 'loop';
  /** The ports by which frames come back. */
  readonly ports: readonly PortNumber[];
  readonly stations: number;
  /** How many frames came back in the second that shows it. */
  readonly frames: number;
}

interface Record {
  last: StationMove;
  more: number;
  /** The second in which it was heard last. */
  second: number;
}

const minute = 60_000;
const second = 1000;

/** Beyond so many stations at a time, further ones are reported as one: the outside chooses their addresses. */
const mostStations = 16;

/** So many frames of a second, of several stations or by several ports, are no stations that share an address. */
const loopFrames = 100;

/**
 * Watches stations move from port to port and reports it, within bounds: the first time at once, then once a minute with a count. Two
 * stations with one address show so, and a loop.
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

  /** Notes that a frame of a station came by `to`, and that the station is known at `from`, where it stays or not. */
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
