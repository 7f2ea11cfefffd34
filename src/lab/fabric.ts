import { EtherloomError } from '../errors.ts';
import type { Channel } from '../impairment/channel.ts';
import type { Random } from '../random.ts';
import type { MacAddress } from '../wire/mac.ts';
import { FaultLog, type Moment } from './fault-log.ts';
import { checkCount } from './numbers.ts';
import { RunRecord } from './record.ts';
import { seededRandom } from './seeded-random.ts';
import { formatTime, onGrid } from './span.ts';
import { Timeline } from './timeline.ts';
import { Trace } from './trace.ts';
import { VirtualTime, type Pacer } from './virtual-time.ts';

/** The options that all parts of a network follow. */
export interface FabricOptions {
  /** The seed of all chance: the same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** The number of frames that are remembered, each on each link that it crosses. Default: 16,384. */
  readonly history?: number;
  /**
   * The most frames on links at once; more are a storm, and end the run with an error. Default: 1,000,000, or more for large networks:
   * enough for all nodes to send to all others four times at once.
   */
  readonly calm?: number;
  /**
   * Keeps a record of all actions, with which the run can be repeated, octet by octet. A record of over 64 Mi characters is given up.
   * Default: false.
   */
  readonly record?: boolean;
  /**
   * Passes every frame to switches in memory of its own, which is overwritten afterwards, to detect code that keeps borrowed frames.
   * Default: false.
   */
  readonly poison?: boolean;
}

const leastCalm = 1_000_000;
const maxConflicts = 100;

/** The parts that all elements of a network share: time, chance, and memory of the run. */
export class Fabric {
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly trace: Trace;
  readonly poison: boolean;
  /** The actions so far, if they are recorded. */
  readonly record: RunRecord | undefined;
  /** The number of frames on links. */
  flying = 0;
  /** The channels of links that affect frames at present. */
  readonly channels = new Set<Channel>();
  /** Real time; set while the network is connected to the outside of the lab. */
  pacer: Pacer | undefined;
  /** Explains the decision of a switch about a frame that comes in by a port such as `s1.2`; undefined if it is not a port of a switch. */
  explain: (port: string, frame: Uint8Array) => string | undefined = () => undefined;
  /** Returns the switches that have crashed, and the links that are down apart from those of these switches. */
  outages: () => readonly string[] = () => [];
  /** Returns the notes of hosts' programs, with their times. */
  logs: () => readonly { readonly time: number; readonly text: string }[] = () => [];
  /** Returns the name of the node with that address. */
  nameOf: (mac: MacAddress) => string | undefined = () => undefined;
  /** The faults of the network. */
  readonly faults = new FaultLog();
  /** The first addresses found to be used twice, as lines. */
  readonly conflicts: string[] = [];
  /** Functions that return details about a station, as lines. */
  readonly witnesses: ((mac: MacAddress) => readonly string[])[] = [];
  /** Keeps evidence of a failed assertion of that name, and returns its place; undefined if none is kept. */
  evidence: (name: string) => string | undefined = () => undefined;
  readonly #virtualTime = new VirtualTime(this.timeline);
  readonly #calmGiven: number | undefined;
  #calm: number;
  #faults = 0;
  #acting = false;

  constructor({ seed = 1, history = 16_384, calm, record = false, poison = false }: FabricOptions) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new EtherloomError('bad-option', `a seed must be an integer of at least 0, not ${seed}`);
    checkCount('the history of a network', history);
    if (calm !== undefined) checkCount('the calm of a network', calm);
    this.seed = seed;
    this.trace = new Trace(history);
    this.poison = poison;
    this.record = record ? new RunRecord() : undefined;
    if (record) this.trace.digestAll();
    this.#calmGiven = calm;
    this.#calm = calm ?? leastCalm;
  }

  /** True if no frame is in transit. */
  get quiet(): boolean {
    return this.flying === 0 && [...this.channels].every(({ delayed }) => delayed === 0);
  }

  /** Returns a source of chance for one purpose; the same name draws the same numbers. */
  random(name: string): Random {
    return seededRandom(this.seed, name);
  }

  /** Notes an address that is used twice. */
  noteConflict(text: string): void {
    if (this.conflicts.length < maxConflicts) this.conflicts.push(`at ${formatTime(this.timeline.now)} ${text}`);
  }

  /** Adapts the limit of frames to the present number of nodes and links. */
  grew(nodes: number, links: number): void {
    this.#calm = this.#calmGiven ?? Math.max(leastCalm, 4 * nodes * links);
  }

  /** Counts a frame that is sent. Throws EtherloomError('timed-out') if there are too many. */
  depart(): void {
    if (++this.flying <= this.#calm) return;
    const { now } = this.timeline;
    const crowd = `${this.flying} frames are on links at ${now} ms`;
    throw new EtherloomError(
      'timed-out',
      `${crowd}: this is a storm; look for a loop without a spanning tree, or allow more frames with { calm }`,
    );
  }

  /** Lets time pass until `until`, or until `enough` returns true. Resolves to whether it did. */
  pass(until: number, enough?: () => boolean): Promise<boolean> {
    this.checkOpen();
    return (this.pacer ?? this.#virtualTime).pass(onGrid(until), enough);
  }

  /** Runs an action of the user as one step. Actions inside it are not steps of their own. */
  act<T>(text: () => string, work: () => T): T {
    if (this.#acting) return work();
    // A refused action is not in the record.
    if (this.record) this.checkOpen();
    const step = this.record?.add({ time: this.timeline.now, after: this.timeline.count, text: text() });
    // A later callback is an action of its own.
    return this.enter(() => {
      this.#acting = true;
      try {
        return work();
      } catch (error) {
        if (step) step.text = `failing ${step.text}`;
        throw error;
      } finally {
        this.#acting = false;
      }
    });
  }

  /** Runs an action of the user at the current time; within a happening it is part of that. */
  enter<T>(work: () => T): T {
    this.checkOpen();
    return this.pacer ? this.pacer.around(work) : this.timeline.enter(work);
  }

  /** Ends the network's time. From then on it cannot be changed; its memory can still be read. */
  close(): void {
    if (this.timeline.closed) return;
    this.timeline.close();
    this.#virtualTime.end(disposed);
  }

  /** Throws EtherloomError('bad-state') if the network was disposed. */
  checkOpen(): void {
    if (this.timeline.closed) throw disposed();
  }

  /** Begins a fault that lasts until it is disposed. Disposing it again has no effect. */
  fault(text: () => string, begin: () => Disposable): Disposable {
    const inner = this.#acting;
    const name = inner ? '' : `f${++this.#faults}`;
    const begins = this.#moment;
    const fault = this.act(() => `${name} = ${text()}`, begin);
    // A part of another fault is not logged by itself.
    const span = inner ? undefined : this.faults.begin(name, text(), begins);
    let lasting = true;
    return {
      [Symbol.dispose]: () => {
        if (!lasting) return;
        lasting = false;
        if (this.timeline.closed) return;
        if (span) span.ends = this.#moment;
        if (inner) fault[Symbol.dispose]();
        else
          this.act(
            () => `end ${name}`,
            () => fault[Symbol.dispose](),
          );
      },
    };
  }

  get #moment(): Moment {
    return { time: this.timeline.now, frame: this.trace.total };
  }
}

function disposed(): EtherloomError {
  return new EtherloomError('bad-state', 'the network was disposed; make another one with `lab()`');
}
