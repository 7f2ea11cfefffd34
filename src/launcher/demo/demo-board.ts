import type { Clock } from '../../clock.ts';
import type { DemoEvent } from './demo-events.ts';
import { advanceDemo, newDemoTable, type DemoTable } from './demo-table.ts';

/** The number of log lines kept for each process. */
const keptLines = 10;

/** The current table of the demo, and the last log lines of its processes. */
export class DemoBoard {
  readonly #clock: Clock;
  readonly #show: (table: DemoTable) => void;
  readonly #watchers = new Set<() => void>();
  readonly #said = new Map<string, string[]>();
  #table: DemoTable;

  /** `show` is called at once with the table, and again at each change. */
  constructor(slaves: number, clock: Clock, show: (table: DemoTable) => void) {
    this.#clock = clock;
    this.#show = show;
    this.#table = newDemoTable(slaves);
    show(this.#table);
  }

  /** The current table. */
  get table(): DemoTable {
    return this.#table;
  }

  /** Applies an event at the switch with index `place`. */
  tell(place: number, event: DemoEvent): void {
    this.#table = advanceDemo(this.#table, place, event, this.#clock.monotonic());
    this.#show(this.#table);
    for (const look of [...this.#watchers]) look();
  }

  /** Stores a log line of a process. */
  hear(name: string, text: string): void {
    this.#said.set(name, [...(this.#said.get(name) ?? []), text].slice(-keptLines));
  }

  /** The last lines of each process, prefixed with its name. */
  get lastLines(): readonly string[] {
    return [...this.#said].flatMap(([name, lines]) => lines.map((line) => `${name}: ${line}`));
  }

  /**
   * Waits until the table meets a condition, at most `limit` milliseconds. Resolves with whether it does. Throws the signal's reason when
   * aborted.
   */
  async until(reached: (table: DemoTable) => boolean, limit: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        timer[Symbol.dispose]();
        this.#watchers.delete(look);
        signal.removeEventListener('abort', aborted);
        settle();
      };
      const look = (): void => {
        if (reached(this.#table)) finish(() => resolve(true));
      };
      const aborted = (): void => finish(() => reject(signal.reason as Error));
      const timer = this.#clock.after(limit, () => finish(() => resolve(reached(this.#table))));
      signal.addEventListener('abort', aborted);
      this.#watchers.add(look);
      look();
    });
  }
}
