import { batchSize, Incoming } from './batch.ts';
import { PollSet } from './poll-set.ts';
import type { LoadSpec } from './spec.ts';
import { Station } from './station.ts';

/** How many batches a station sends before others get their turn. */
const batchesPerTurn = 4;

/** How often the stations that only receive speak, in milliseconds. */
const speakInterval = 100;

/** A frame under way for longer than this without a sign of it is lost, in milliseconds. */
const lostAfter = 50;

/** How long it must be quiet after the introduction, in milliseconds. */
const introduction = 50;

/** How long a load that sleeps waits for something to do at most, in milliseconds. */
const longestSleep = 5;

/** All stations of a load, and the traffic between them. */
export class Traffic implements Disposable {
  readonly stations: readonly Station[];
  readonly #idle: readonly Station[];
  readonly #incoming: Incoming;
  readonly #set: PollSet;
  readonly #window: number;
  readonly #copies: number;
  readonly #patience: number;
  readonly #writable: boolean[];
  #writtenOff = 0;
  #lastArrival = 0;
  #nextSpeech = 0;

  constructor(spec: LoadSpec) {
    this.stations = spec.stations.map((place, i) => new Station(place, i, spec));
    this.#idle = spec.idle.map((place, i) => new Station(place, spec.stations.length + i, spec));
    this.#incoming = new Incoming(spec.frameSize);
    this.#set = new PollSet(this.stations.map(({ fd }) => fd));
    this.#window = spec.window ?? Infinity;
    this.#copies = spec.pattern === 'flood' ? spec.stations.length - 1 : 1;
    this.#patience = spec.spin ? 0 : longestSleep;
    this.#writable = this.stations.map(() => false);
    this.stations.forEach((_, i) => this.#set.want(i, { readable: true, writable: false }));
  }

  /** How many copies should have arrived by now, had each arrived at once. */
  get expected(): number {
    let expected = 0;
    for (const { sent, sender } of this.stations) expected += sender ? sent * this.#copies : sent;
    return expected;
  }

  /** How many frames have arrived where they belong. */
  get arrived(): number {
    let arrived = 0;
    for (const { heard } of this.stations) arrived += heard;
    return arrived;
  }

  /** Sends and receives until `end`, in milliseconds of `performance.now()`. */
  run(end: number): void {
    this.#lastArrival = performance.now();
    for (let now = this.#lastArrival; now < end; now = performance.now()) {
      if (now >= this.#nextSpeech) this.#speak(now);
      this.#turn(now, true);
    }
  }

  /** Every station sends one frame, so that the switch learns where each is. The counts until then are forgotten. */
  introduce(): void {
    for (const station of this.stations) while (station.send(1) === 0) this.drain(1);
    this.drain(introduction);
    for (const station of this.stations) station.sent = station.heard = station.strays = 0;
  }

  /** Receives until nothing has come for so many milliseconds. */
  drain(quiet: number): void {
    let last = performance.now();
    for (let now = last; now < last + quiet; now = performance.now()) if (this.#turn(now, false)) last = now;
  }

  [Symbol.dispose](): void {
    for (const station of [...this.stations, ...this.#idle]) station[Symbol.dispose]();
  }

  /** Waits for something to do and does it; returns whether frames have come. */
  #turn(now: number, sending: boolean): boolean {
    const room = sending ? this.#room(now) : 0;
    this.stations.forEach((station, i) => this.#wantWritable(i, room > 0 && station.sender));
    if (this.#set.wait(this.#patience) <= 0) return false;
    let came = false;
    for (let i = 0; i < this.stations.length; i++) {
      const station = this.stations[i];
      if (station === undefined) continue;
      if (this.#set.writable(i)) this.#send(station, room);
      if (this.#set.readable(i)) came = this.#receive(station) || came;
    }
    if (came) this.#lastArrival = now;
    return came;
  }

  #wantWritable(i: number, writable: boolean): void {
    if (this.#writable[i] === writable) return;
    this.#writable[i] = writable;
    this.#set.want(i, { readable: true, writable });
  }

  /** Returns how many frames more may be under way. */
  #room(now: number): number {
    if (this.#window === Infinity) return Infinity;
    const underWay = this.expected - this.arrived - this.#writtenOff;
    if (underWay > 0 && now - this.#lastArrival > lostAfter) {
      this.#writtenOff += underWay;
      this.#lastArrival = now; // so that one window more is sent, and not one a turn
      return this.#window;
    }
    return Math.max(0, Math.floor((this.#window - underWay) / this.#copies));
  }

  #send(station: Station, room: number): void {
    let left = Math.min(room, batchesPerTurn * batchSize);
    for (let sent = Infinity; left > 0 && sent > 0; left -= sent) sent = station.send(left);
  }

  #receive(station: Station): boolean {
    const before = station.heard;
    while (station.receive(this.#incoming) === batchSize);
    return station.heard > before;
  }

  #speak(now: number): void {
    this.#nextSpeech = now + speakInterval;
    for (const station of this.stations) if (!station.sender) station.send(1);
  }
}
