import type { Clock, Timer } from '../../clock.ts';
import type { DemoTable } from './demo-table.ts';
import { changeLines, tableLines, type TextOptions } from './demo-text.ts';

/** The display of the demo. */
export interface DemoScreen extends Disposable {
  /** Prints a permanent line. */
  say(line: string): void;
  /** Shows the current step until the next one begins. */
  progress(text: string): void;
  /** Shows the current table. */
  show(table: DemoTable): void;
}

/** The part of a stream that a screen writes to. */
export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** The resources of a screen. */
export interface ScreenEnvironment {
  readonly clock: Clock;
  /** The environment variables, such as process.env. NO_COLOR and TERM are used. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens the display. On a capable terminal, the table is redrawn in place; otherwise a line is printed for each change. */
export function openDemoScreen(output: ScreenOutput, { clock, env }: ScreenEnvironment): DemoScreen {
  const live = output.isTTY === true && env['TERM'] !== 'dumb' && sizeOr(output.rows, 24) >= leastRows;
  return live ? new LiveScreen(output, clock, !env['NO_COLOR']) : new LineScreen(output, clock);
}

/** The fewest rows for a live screen: they hold the table, the progress, and the line of the cursor. */
const leastRows = 8;
const redrawInterval = 500;
const eraseBelow = '\u001b[J';

/** Returns the size, or a default. A terminal of unknown size reports 0. */
function sizeOr(size: number | undefined, usual: number): number {
  return size === undefined || size === 0 ? usual : size;
}

class LiveScreen implements DemoScreen {
  readonly #output: ScreenOutput;
  readonly #clock: Clock;
  readonly #colour: boolean;
  readonly #began: number;
  #table: DemoTable | undefined;
  #progress = '';
  /** The widths of the drawn lines. If the terminal has become narrower since, it has wrapped them. */
  #drawn: readonly number[] = [];
  #timer: Timer;

  constructor(output: ScreenOutput, clock: Clock, colour: boolean) {
    this.#output = output;
    this.#clock = clock;
    this.#colour = colour;
    this.#began = clock.monotonic();
    this.#timer = clock.after(redrawInterval, this.#tick);
  }

  say(line: string): void {
    this.#output.write(`${this.#erase()}${line}\n`);
    this.#draw();
  }

  progress(text: string): void {
    this.#progress = text;
    this.#draw();
  }

  show(table: DemoTable): void {
    this.#table = table;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#progress = '';
    this.#draw();
  }

  readonly #tick = (): void => {
    this.#timer = this.#clock.after(redrawInterval, this.#tick);
    this.#draw();
  };

  #draw(): void {
    const options: TextOptions = { width: this.#width, colour: false };
    const plain = this.#table === undefined ? [] : tableLines(this.#table, options);
    const coloured = this.#table === undefined ? [] : tableLines(this.#table, { ...options, colour: this.#colour });
    const progress = this.#progress === '' ? [] : [this.#progressLine];
    const erase = this.#erase();
    this.#drawn = [...plain, ...progress].map(({ length }) => length);
    this.#output.write(`${erase}${[...coloured, ...progress].map((line) => `${line}\n`).join('')}`);
  }

  get #progressLine(): string {
    const elapsed = ` (${Math.round((this.#clock.monotonic() - this.#began) / 1000)} s)`;
    return `${this.#progress.slice(0, Math.max(0, this.#width - elapsed.length))}${elapsed}`.slice(0, this.#width);
  }

  /** Returns the escape sequence that moves to the first drawn line and erases from there on. */
  #erase(): string {
    const columns = this.#width + 1;
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    this.#drawn = [];
    return rows === 0 ? '' : `\u001b[${rows}A\r${eraseBelow}`;
  }

  /** The usable width. The last column is left free, since some terminals wrap after it. */
  get #width(): number {
    return Math.max(1, sizeOr(this.#output.columns, 80) - 1);
  }
}

class LineScreen implements DemoScreen {
  readonly #output: ScreenOutput;
  readonly #clock: Clock;
  #table: DemoTable = [];
  #progress = '';

  constructor(output: ScreenOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  say(line: string): void {
    this.#output.write(`${line}\n`);
  }

  progress(text: string): void {
    if (text !== '' && text !== this.#progress) this.say(text);
    this.#progress = text;
  }

  show(table: DemoTable): void {
    if (this.#table.length > 0) for (const line of changeLines(this.#table, table, this.#clock.monotonic())) this.say(line);
    this.#table = table;
  }

  /** Prints the whole table at the end. */
  [Symbol.dispose](): void {
    for (const line of tableLines(this.#table, { width: 200, colour: false })) this.say(line);
  }
}
