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

/** What all parts go by. */
export interface FabricOptions {
  /** What all chance comes from: the same seed, the same run. Default: 1. */
  readonly seed?: number;
  /** How many frames, each on each link that it crosses, are remembered. Default: 16,384. */
  readonly history?: number;
  /**
   * How many frames may be on links at once; more are a storm, and end the run with an error that says when. Default: 1,000,000, or what it
   * takes when all nodes say something to all others four times at once, where that is more.
   */
  readonly calm?: number;
  /**
   * Keeps a record of all that is done, with which the run can be repeated, octet by octet. One of over 64 Mi characters is given up. Default:
   * false.
   */
  readonly record?: boolean;
  /** Gives every frame to switches in memory of its own, overwritten afterwards, to find whoever keeps what is lent. Default: false. */
  readonly poison?: boolean;
}

const leastCalm = 1_000_000;
const maxConflicts = 100;

/** What all parts of a network share: time, chance, and memory of what happened. */
export class Fabric {
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly trace: Trace;
  readonly poison: boolean;
  /** What was done, if it is recorded. */
  readonly record: RunRecord | undefined;
  /** How many frames are on links. */
  flying = 0;
  /** The ways of links on which something befalls frames. */
  readonly channels = new Set<Channel>();
  /** Real time; set while the network has a way out of the lab. */
  pacer: Pacer | undefined;
  /** What the switch of a port such as `s1.2` says of a frame that comes in there; undefined when it is no port of a switch. */
  explain: (port: string, frame: Uint8Array) => string | undefined = () => undefined;
  /** The switches that have crashed, and the links that are down beside theirs. */
  outages: () => readonly string[] = () => [];
  /** What programs of hosts noted, and when. */
  logs: () => readonly { readonly time: number; readonly text: string }[] = () => [];
  /** The name of the node with that address. */
  nameOf: (mac: MacAddress) => string | undefined = () => undefined;
  /** What was done to the network, as long as it lasted. */
  readonly faults = new FaultLog();
  /** Which addresses were found to be used twice, in lines; the first ones. */
  readonly conflicts: string[] = [];
  /** What those who serve stations can tell of one of them, in lines. */
  readonly witnesses: ((mac: MacAddress) => readonly string[])[] = [];
  /** Keeps evidence of a failed assertion of that name, and tells where it is; undefined where none is kept. */
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

  /** Whether no frame is under way. */
  get quiet(): boolean {
    return this.flying === 0 && [...this.channels].every(({ delayed }) => delayed === 0);
  }

  /** A source of chance for one purpose; who has the same name draws the same. */
  random(name: string): Random {
    return seededRandom(this.seed, name);
  }

  /** An address was found to be used twice. */
  noteConflict(text: string): void {
    if (this.conflicts.length < maxConflicts) this.conflicts.push(`at ${formatTime(this.timeline.now)} ${text}`);
  }

  /** The network has so many nodes and links by now. */
  grew(nodes: number, links: number): void {
    this.#calm = this.#calmGiven ?? Math.max(leastCalm, 4 * nodes * links);
  }

  /** A frame sets off. Throws EtherloomError('timed-out') when it is one of too many. */
  depart(): void {
    if (++this.flying <= this.#calm) return;
    const { now } = this.timeline;
    const crowd = `${this.flying} frames are on links at ${now} ms`;
    throw new EtherloomError(
      'timed-out',
      `${crowd}: this is a storm; look for a loop without a spanning tree, or allow more frames with { calm }`,
    );
  }

  /** Lets time pass until then, or until `enough` says so, and tells whether it did. */
  pass(until: number, enough?: () => boolean): Promise<boolean> {
    this.checkOpen();
    return (this.pacer ?? this.#virtualTime).pass(onGrid(until), enough);
  }

  /** Does what somebody wants from outside, as one piece. What is done by that again is no step of its own. */
  act<T>(text: () => string, work: () => T): T {
    if (this.#acting) return work();
    // Whoever is refused is not in the record.
    if (this.record) this.checkOpen();
    const step = this.record?.add({ time: this.timeline.now, after: this.timeline.count, text: text() });
    // Who is called back afterwards acts for himself.
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

  /** Does something from outside at the time that it is; within a happening it is part of that. */
  enter<T>(work: () => T): T {
    this.checkOpen();
    return this.pacer ? this.pacer.around(work) : this.timeline.enter(work);
  }

  /** Ends the network's time. From then on nothing can be done to it; what it remembers can be read. */
  close(): void {
    if (this.timeline.closed) return;
    this.timeline.close();
    this.#virtualTime.end(disposed);
  }

  /** Throws EtherloomError('bad-state') when the network was disposed. */
  checkOpen(): void {
    if (this.timeline.closed) throw disposed();
  }

  /** Begins a fault that lasts until it is disposed. Disposing it again does nothing. */
  fault(text: () => string, begin: () => Disposable): Disposable {
    const inner = this.#acting;
    const name = inner ? '' : `f${++this.#faults}`;
    const begins = this.#moment;
    const fault = this.act(() => `${name} = ${text()}`, begin);
    // What belongs to another fault is not logged by itself.
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
