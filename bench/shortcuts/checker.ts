import { Flow } from './flow.ts';
import { Sequence, type Disorder } from './sequence.ts';

/** The most faults that are kept: one that repeats itself says no more. */
const mostFaults = 8;

/** The receiver of a broadcast. */
export const everyone = 'everyone';

/** The numbers of the next frames, at one time. */
export interface Marks {
  readonly flows: readonly number[];
  readonly broadcasts: readonly number[];
}

/**
 * Checks the numbered frames that arrive at each station's port. It finds frames that come twice, late, back to their sender or to a station that they are
 * not for, and flows that bring nothing though they have a path. All times are milliseconds of one clock.
 */
export class Checker {
  /** All flows: of each station to each other. */
  readonly flows: readonly Flow[];
  /** The faults, in words. */
  readonly faults: string[] = [];
  /** For how long, in all, the node of each station has waited for a processor. That time is not part of a gap. */
  readonly starved: number[];
  /** By sender, then by receiver. */
  readonly #flows: readonly (readonly (Flow | undefined)[])[];
  /** The broadcasts that arrived, by receiver, then by sender. */
  readonly #broadcasts: readonly (readonly Sequence[])[];
  /** The number of broadcasts that each station has sent. */
  readonly #sent: number[];
  readonly #stations: readonly number[];

  /** `stations` is their number. */
  constructor(stations: number) {
    this.#stations = Array.from({ length: stations }, (_, i) => i);
    this.starved = this.#stations.map(() => 0);
    // Frames go by the master, which is node 0, or past it.
    const starvedOn = (from: number, to: number) => (): readonly number[] => [from, to, 0].map((node) => this.starved[node] ?? 0);
    this.#flows = this.#stations.map((from) =>
      this.#stations.map((to) => (from === to ? undefined : new Flow(from, to, starvedOn(from, to)))),
    );
    this.flows = this.#flows.flat().filter((flow) => flow !== undefined);
    this.#broadcasts = this.#stations.map(() => this.#stations.map(() => new Sequence()));
    this.#sent = this.#stations.map(() => 0);
  }

  /** Returns whether it has found no fault. */
  isSound(): boolean {
    return this.faults.length === 0;
  }

  /** Returns the flow from one station to another. Throws if that is the same. */
  flow(from: number, to: number): Flow {
    const flow = this.#flows[from]?.[to];
    if (!flow) throw new Error(`no flow from station ${from} to ${to}`);
    return flow;
  }

  /** Returns the number of the next frame of a station to another, or to all. */
  next(from: number, to: number | typeof everyone): number {
    return to === everyone ? (this.#sent[from] ?? 0) : this.flow(from, to).sent;
  }

  /** Notes that a frame was sent. */
  sent(from: number, to: number | typeof everyone, number: number, now: number): void {
    if (to === everyone) this.#sent[from] = Math.max(this.next(from, to), number + 1);
    else this.flow(from, to).send(number, now);
  }

  /** Notes a frame that arrived at the port of station `at`. */
  heard(at: number, from: number, to: number | typeof everyone, number: number, now: number): void {
    if (at === from) this.fault(now, `a loop: frame ${number} of station ${from} came back to it`);
    else if (to === everyone) this.#heardBroadcast(at, from, number, now);
    else if (to === at) this.#disorder(this.flow(from, to).heard(number, now), `from ${from} to ${to}: frame ${number}`, now);
  }

  /** Looks for flows that bring nothing. */
  look(now: number): void {
    for (const flow of this.flows) {
      const gap = flow.tooLong(now);
      if (gap !== undefined) this.fault(now, `from ${flow.name}: nothing comes for ${gap.toFixed(0)} ms, though there is a path`);
    }
  }

  /** Returns the numbers of the frames that are sent next. */
  marks(): Marks {
    return { flows: this.flows.map(({ sent }) => sent), broadcasts: [...this.#sent] };
  }

  /** Returns what has not arrived of the frames that were sent between two times, in words. */
  missing(first: Marks, end: Marks): string[] {
    const flows = this.flows.map((flow, i) => [flow.name, flow.missing(first.flows[i] ?? 0, end.flows[i] ?? 0)] as const);
    const broadcasts = this.#stations.flatMap((from) =>
      this.#stations
        .filter((at) => at !== from)
        .map((at) => {
          const count = this.#broadcasts[at]?.[from]?.missing(first.broadcasts[from] ?? 0, end.broadcasts[from] ?? 0) ?? 0;
          return [`${from} to all at ${at}`, count] as const;
        }),
    );
    return [...flows, ...broadcasts].filter(([, count]) => count > 0).map(([name, count]) => `from ${name}: ${count} frames are lost`);
  }

  /** Notes a fault. */
  fault(now: number, text: string): void {
    if (this.faults.length < mostFaults) this.faults.push(`${(now / 1000).toFixed(2)} s: ${text}`);
  }

  #heardBroadcast(at: number, from: number, number: number, now: number): void {
    const disorder = this.#broadcasts[at]?.[from]?.heard(number);
    const name = `broadcast ${number} of ${from} at ${at}`;
    this.#disorder(disorder, disorder === 'twice' ? `a loop: ${name}` : name, now);
  }

  #disorder(disorder: Disorder | undefined, name: string, now: number): void {
    if (disorder === 'twice') this.fault(now, `${name} came twice`);
    else if (disorder === 'late') this.fault(now, `${name} came after later ones`);
  }
}
