import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MacAddress } from '../../src/wire/mac.ts';
import { Checker, everyone } from './checker.ts';
import { pathDuring, survival, type Fault } from './fault.ts';
import { disturbed, type PlantKind } from './plant.ts';
import { all, Station, type Heard, type Numbered } from './station.ts';

/** The interval between two looks at what has arrived, in milliseconds. */
const look = 5;

/** Of so many looks, one sends some frames of each dense flow, one a frame of each other flow, and one a broadcast of each station. */
const [dense, sparse, broadcasts] = [2, 4, 20];

/** The frames that a dense flow sends at a time: back to back, so that the second overtakes the first wherever it can. */
const burst = 2;

/** The most that a look advances the clock, in milliseconds. While this process stands still, no frame is late. */
const mostStall = 50;

/** The time for which all flows must stay open, and the time that they may take until then; in milliseconds. */
const [settling, patience] = [500, 60_000];

/** The time of which each frame must arrive, and how long the last ones may take; in milliseconds. */
const [calm, arrival] = [1000, 10_000];

/** A station, and the directory of its switch. */
export interface Place {
  readonly mac: MacAddress;
  readonly directory: string;
}

/** The traffic. */
export interface TrafficOptions {
  /** Returns whether the flows between two stations are dense: the changes of their way are of interest. */
  readonly isDense: (one: number, other: number) => boolean;
  /** Returns the processes of the stations' nodes. The time for which they wait for a processor does not count. */
  readonly processes?: () => readonly number[];
  /** A fault that station 1 makes. */
  readonly plant?: PlantKind | undefined;
}

/** The number of sets of stations so far. */
let sets = 0;

/** Numbered frames of each station to each other and to all, all the time. */
export class Traffic implements Disposable {
  readonly checker: Checker;
  readonly #stations: readonly Station[];
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #options: TrafficOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #queued = new Map<number, number>();
  #looks = 0;
  #now = 0;
  #real = performance.now();

  constructor(places: readonly Place[], options: TrafficOptions) {
    const set = ++sets;
    this.checker = new Checker(places.length);
    this.#stations = places.map(({ mac, directory }) => new Station(mac, directory, set));
    this.#numbers = new Map(places.map(({ mac }, i) => [mac, i]));
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), look);
  }

  /** Milliseconds, without those in which this process stood still. */
  get now(): number {
    return this.#now;
  }

  /** Waits until all flows are open, and resolves with the milliseconds until then. Undefined, and a fault, if some are not after a while. */
  async open(): Promise<number | undefined> {
    const began = this.#now;
    const { flows } = this.checker;
    for (const flow of flows) flow.mark();
    for (let since = Infinity; this.#now - began < patience;) {
      await delay(look);
      since = flows.every((flow) => flow.isOpen(this.#now)) ? Math.min(since, this.#now) : Infinity;
      if (this.#now - since < settling) continue;
      for (const flow of flows) flow.protect(this.#now, Infinity);
      return since - began;
    }
    const closed = flows.filter((flow) => !flow.isOpen(this.#now));
    this.checker.fault(this.#now, `nothing comes from ${closed.map(({ name }) => name).join(', ')}`);
    return undefined;
  }

  /** Sends for a while in which nothing happens. Each frame and each broadcast of it must arrive. */
  async calm(): Promise<void> {
    const first = this.checker.marks();
    await delay(calm);
    const end = this.checker.marks();
    const missing = (): string[] => this.checker.missing(first, end);
    for (const limit = this.#now + arrival; this.#now < limit && missing().length > 0;) await delay(look);
    for (const text of missing()) this.checker.fault(this.#now, text);
  }

  /** Notes a fault that begins now: each flow must find its path during it. `isDirect` says whether the frames between two nodes go by a shortcut. */
  expect(fault: Fault, isDirect: (one: number, other: number) => boolean): void {
    for (const flow of this.checker.flows) {
      const path = pathDuring(fault, flow.from, flow.to, isDirect(flow.from, flow.to));
      flow.worstGap = 0;
      if (path === 'perhaps never') flow.excuse();
      else flow.protect(this.#now, path === 'always' ? Infinity : this.#now + survival);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const station of this.#stations) station[Symbol.dispose]();
  }

  #look(): void {
    const real = performance.now();
    this.#now += Math.min(real - this.#real, mostStall);
    this.#real = real;
    this.#noteStarvation();
    for (const [at, station] of this.#stations.entries()) {
      station.plugIn(real);
      station.receive((heard) => this.#take(at, heard));
      if (station.control > 0) this.checker.fault(this.#now, `station ${at} received ${station.control} frames about shortcuts`);
      station.control = 0;
    }
    this.checker.look(this.#now);
    for (const [from, station] of this.#stations.entries()) this.#send(from, station);
    this.#looks += 1;
  }

  /** Notes for how long each node has waited for a processor since the last time. */
  #noteStarvation(): void {
    for (const [node, pid] of (this.#options.processes?.() ?? []).entries()) {
      const queued = queuedTime(pid);
      const grown = queued - (this.#queued.get(pid) ?? queued);
      this.#queued.set(pid, queued);
      this.checker.starved[node] = (this.checker.starved[node] ?? 0) + Math.max(0, grown);
    }
  }

  #take(at: number, { from, to, number }: Heard): void {
    const sender = this.#numbers.get(from);
    const receiver = to === all ? everyone : this.#numbers.get(to);
    if (sender === undefined || receiver === undefined) this.checker.fault(this.#now, `station ${at} received a frame of a stranger`);
    else this.checker.heard(at, sender, receiver, number, this.#now);
  }

  #send(from: number, station: Station): void {
    const batch = this.#batch(from);
    const disturbance = disturbed(from === 1 ? this.#options.plant : undefined, this.#looks, batch);
    const taken = station.send(disturbance);
    // Frames that a planted fault swallows count as sent.
    for (const { to, number } of taken === disturbance.length ? batch : batch.slice(0, taken))
      this.checker.sent(from, to === all ? everyone : (this.#numbers.get(to) ?? from), number, this.#now);
  }

  /** Returns the frames that a station sends at this look: dense flows at one, others at another, so that none takes the room of the others. */
  #batch(from: number): readonly Numbered[] {
    const others = [...this.#stations.entries()].filter(([to]) => to !== from);
    const frames = (count: number, to: number, mac: number): Numbered[] =>
      Array.from({ length: count }, (_, i) => ({ to: mac, number: this.checker.next(from, to) + i }));
    const isDense = (to: number): boolean => this.#options.isDense(from, to);
    const batch: Numbered[] = [];
    if (this.#looks % broadcasts === from) batch.push({ to: all, number: this.checker.next(from, everyone) });
    if (this.#looks % sparse === 1) batch.push(...others.filter(([to]) => !isDense(to)).flatMap(([to, { mac }]) => frames(1, to, mac)));
    if (this.#looks % dense === 0) batch.push(...others.filter(([to]) => isDense(to)).flatMap(([to, { mac }]) => frames(burst, to, mac)));
    return batch;
  }
}

/** Returns for how long, in milliseconds, the main thread of a process was ready to run and had no processor. [Linux, sched-stats.rst, schedstat] */
function queuedTime(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1] ?? 0) / 1e6;
  } catch {
    return 0; // It was killed.
  }
}
