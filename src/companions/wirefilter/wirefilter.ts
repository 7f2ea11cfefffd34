import type { PlugEnd } from '../cable.ts';
import type { Timer } from '../../clock.ts';
import { filesFor } from '../../console-server/console-files.ts';
import { ConsoleListener } from '../../console-server/console-listener.ts';
import { SocketKeeper } from '../../ports/socket-keeper.ts';
import { ownRights } from '../../console-server/own-rights.ts';
import { openTerminalConsole } from '../../console-server/terminal-console.ts';
import { EtherloomError } from '../../errors.ts';
import type { Port } from '../../ports/pure/port.ts';
import type { QualityWord } from '../../impairment/impairment.ts';
import type { Random } from '../../random.ts';
import { FrameLoop, hasRoom, isPaced, type FrameLoopEnvironment } from '../frame-loop.ts';
import { Blink } from './blink.ts';
import { FilterConsole } from './console.ts';
import { Filter } from './filter.ts';
import { openSide, type Sides } from './sides.ts';
import type { Value, Way } from './value.ts';

/** The settings of a filter. */
export interface WirefilterOptions {
  readonly sides: Sides;
  /** The initial values, which are set before the file of commands runs. */
  readonly values: readonly (readonly [QualityWord, Value])[];
  readonly fifo: boolean;
  /** A file of commands. */
  readonly rcfile?: string | undefined;
  /** The console's socket. */
  readonly management?: { readonly path: string; readonly mode: number } | undefined;
  /** The receiver of a report about each frame. */
  readonly blink?: { readonly path: string; readonly id: string } | undefined;
  /** True to open a console on standard input, unless a side uses it. */
  readonly terminal: boolean;
}

/** The resources of a filter. */
export interface WirefilterEnvironment extends FrameLoopEnvironment {
  readonly random: Random;
}

/**
 * How far ahead a simulated sender may be busy before its side is no longer read, in milliseconds. Timers fire late, so there must be
 * enough work that it is never idle.
 */
const ahead = 10;

/** The program `wirefilter`: an impaired wire between two streams, or between two plugs that it opens. */
export class Wirefilter implements AsyncDisposable {
  /** Resolves with the reason when a side has closed, or when the filter was shut down. */
  readonly ended: Promise<string>;
  readonly #environment: WirefilterEnvironment;
  readonly #loop: FrameLoop;
  readonly #filter: Filter;
  readonly #console: FilterConsole;
  readonly #blink: Blink | undefined;
  /** The port at which each direction starts. */
  readonly #from = new Map<Way, Port>();
  readonly #to = new Map<Way, Port>();
  readonly #resting = new Map<Way, Timer>();
  readonly #consoles: Disposable[] = [];
  #finishing = false;
  #ends: readonly PlugEnd[] = [];
  #settle: (reason: string) => void = () => undefined;

  private constructor({ sides, values, fifo, blink }: WirefilterOptions, environment: WirefilterEnvironment) {
    const { clock, random } = environment;
    this.#environment = environment;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.#loop = new FrameLoop({ ...environment, flushed: () => this.#pace() });
    this.#blink = blink && new Blink({ ...blink, clock });
    const both = sides.right !== undefined;
    this.#filter = new Filter({
      clock,
      random,
      breath: this.#loop.breath,
      deliver: (way, frame) => {
        const port = this.#to.get(way);
        if (port) this.#loop.transmit(port, frame);
        this.#blink?.tell(both ? way : '--', frame.length);
      },
      changed: (now, before) => this.#console.changed(now, before),
    });
    const shown = { filter: this.#filter, both, undelivered: (way: Way) => this.#undelivered(way) };
    this.#console = new FilterConsole(shown, () => this.#settle('it was shut down'));
    this.#filter.fifo = fifo;
    for (const [word, value] of values) {
      if (!this.#filter.set(word, value))
        throw new EtherloomError('bad-option', `${word}: the value is out of range, or there is no such Markov node; see markov-numnodes`);
    }
  }

  /** Opens the filter. Throws an EtherloomError with the remedy if a side, the console's socket or a value is not valid. */
  static async open(options: WirefilterOptions, environment: WirefilterEnvironment): Promise<Wirefilter> {
    const filter = new Wirefilter(options, environment);
    try {
      await filter.#open(options);
      return filter;
    } catch (error) {
      await filter[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const console of this.#consoles.reverse()) console[Symbol.dispose]();
    this.#filter[Symbol.dispose]();
    this.#blink?.[Symbol.dispose]();
    for (const timer of this.#resting.values()) timer[Symbol.dispose]();
    this.#loop[Symbol.dispose]();
    for (const end of this.#ends) await end[Symbol.asyncDispose]();
  }

  async #open({ sides, rcfile, management, terminal }: WirefilterOptions): Promise<void> {
    const { environment } = this.#loop;
    const { log } = this.#environment;
    const left = await openSide(sides.left, environment);
    this.#ends = [left];
    const right = sides.right === undefined ? left : await openSide(sides.right, environment);
    if (right !== left) this.#ends = [left, right];
    if (rcfile !== undefined && this.#console.runAtStart(rcfile, filesFor(ownRights(), log), log)) this.#console.shutdown();
    if (management) {
      const listener = ConsoleListener.open(management);
      this.#consoles.push(listener);
      listener.serve(this.#console, environment);
      this.#consoles.push(new SocketKeeper({ sockets: new Set([listener.file]) }, this.#environment));
    }
    if (terminal && sides.left !== 'standard' && sides.right !== 'standard') {
      this.#consoles.push(openTerminalConsole(this.#console, log, () => this.#settle('standard input has ended')));
    }
    this.#join(left.port, right.port, 'LR');
    if (right !== left) this.#join(right.port, left.port, 'RL');
  }

  #join(from: Port, to: Port, way: Way): void {
    this.#from.set(way, from);
    this.#to.set(way, to);
    from.attach({
      receive: (frame) => this.#filter.submit(way, frame),
      carrier: () => undefined,
      closed: (reason) => this.#finish(reason),
    });
  }

  /** Ends the filter after a side has closed. Frames already received still pass to the other side. */
  #finish(reason: string): void {
    if (this.#finishing) return;
    this.#finishing = true;
    const underWay = (): number => [...this.#to.keys()].reduce((sum, way) => sum + this.#filter.waiting(way).frames, 0);
    this.#loop.drain({ ports: () => [...this.#to.values()], underWay }, () => this.#settle(reason));
  }

  /** Stops reading a side that sends faster than its speed allows or than the other side accepts. Its frames then wait at the sender. */
  #pace(): void {
    if (this.#finishing) return;
    const now = this.#environment.clock.monotonic();
    for (const [way, from] of this.#from) {
      if (!isPaced(from)) continue;
      const until = this.#filter.busyUntil(way);
      const to = this.#to.get(way);
      const isBusy = until - now > ahead;
      from.listen(!isBusy && (to === undefined || hasRoom(to)));
      if (isBusy && !this.#resting.has(way)) this.#rest(way, until - now - ahead / 2);
    }
  }

  #rest(way: Way, milliseconds: number): void {
    const timer = this.#environment.clock.after(Math.min(milliseconds, longestRest), () => {
      this.#resting.delete(way);
      this.#loop.breath(() => undefined);
    });
    this.#resting.set(way, timer);
  }

  #undelivered(way: Way): number {
    const to = this.#to.get(way)?.counters.drops;
    const from = this.#from.get(way)?.counters.drops;
    const drops =
      to && from
        ? [to['backlog-age'], to['backlog-full'], to['budget-full'], to['no-carrier'], to['send-failed'], from.oversize, from.runt]
        : [];
    return drops.reduce((sum, count) => sum + count, 0);
  }
}

/** The longest wait before the pace is checked again, in milliseconds. */
const longestRest = 60_000;
