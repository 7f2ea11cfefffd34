import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NodeId } from '../star/identity.ts';
import type { MemberRefusals } from './star-links.ts';

/** How often the counts are compared, and the least time between two lines about one member and rule, in milliseconds. */
const [interval, silence] = [1000, 60_000] as const;

/** The parts of a master whose refused frames are logged. */
export interface RefusalLogParts {
  /** The frames that were refused at the links of members. */
  readonly links: { refused(): Iterable<MemberRefusals> };
  /** Returns the name of a member. */
  readonly nameOf: (id: NodeId) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The count at the last line about a member and a rule, and its time by the monotonic clock. */
interface Told {
  readonly count: number;
  readonly at: number;
}

/** Logs the frames of members that the rules refuse: at once, and then at most once a minute for each member and rule. */
export class RefusalLog implements Disposable {
  readonly #parts: RefusalLogParts;
  #told: ReadonlyMap<string, Told> = new Map();
  #timer: Timer;

  constructor(parts: RefusalLogParts) {
    this.#parts = parts;
    this.#timer = parts.clock.after(interval, this.#look);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  readonly #look = (): void => {
    const { links, clock } = this.#parts;
    const now = clock.monotonic();
    const told = new Map<string, Told>();
    // One whose link has ended may come back, and is not told of more often for that.
    for (const [key, last] of this.#told) if (now - last.at < silence) told.set(key, { count: 0, at: last.at });
    for (const { id, counts } of links.refused()) {
      for (const [rule, count] of Object.entries(counts)) {
        const key = `${id} ${rule}`;
        const last = this.#told.get(key) ?? { count: 0, at: -Infinity };
        // The counts of a new link begin again.
        const before = count < last.count ? 0 : last.count;
        const isDue = count > before && now - last.at >= silence;
        if (isDue) this.#tell(id, rule, count - before);
        told.set(key, isDue ? { count, at: now } : { count: before, at: last.at });
      }
    }
    this.#told = told;
    this.#timer = clock.after(interval, this.#look);
  };

  #tell(id: NodeId, rule: string, frames: number): void {
    const { nameOf, log } = this.#parts;
    const name = nameOf(id);
    const member = `slave ${id}${name === undefined ? '' : ` (${name})`}`;
    log.warn(
      `dropped ${frames} ${frames === 1 ? 'frame' : 'frames'} of ${member} by the rule ${rule}; --open-member ${id} excepts a host that bridges or routes`,
      { event: 'refused-frames', id, member: name, rule, frames },
    );
  }
}
