import { describe, expect, it } from 'vitest';
import { openDemoScreen, type DemoScreen } from '../../../src/launcher/demo/demo-screen.ts';
import { ManualClock } from '../../manual-clock.ts';
import { leased, pinged, tableAfter } from './demo-tables.ts';

// An escape sequence, or a letter.
const tokens = new RegExp(['(\u001b\\[)(\\d*)([A-Za-z])', '[^\u001b]'].join('|'), 'g');

/** A terminal with that many columns that draws its input, and breaks lines that are too wide. */
class Terminal {
  readonly isTTY = true;
  readonly rows = 24;
  columns: number;
  sent = '';
  #lines: string[] = [''];
  #row = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    this.sent += text;
    for (const [token, escape, count = '', final] of text.matchAll(tokens)) {
      if (escape !== undefined) this.#obey(Number(count), final);
      else if (token === '\n') this.#goTo(this.#row + 1);
      else if (token !== '\r') this.#put(token);
    }
  }

  /** The visible lines, without empty ones at the end. */
  get seen(): string[] {
    return this.#lines.join('\n').trimEnd().split('\n');
  }

  #obey(count: number, final: string | undefined): void {
    if (final === 'A') this.#row -= count;
    if (final === 'J') this.#lines = [...this.#lines.slice(0, this.#row), ''];
  }

  #put(letter: string): void {
    if ((this.#lines[this.#row] ?? '').length === this.columns) this.#goTo(this.#row + 1);
    this.#lines[this.#row] = (this.#lines[this.#row] ?? '') + letter;
  }

  #goTo(row: number): void {
    this.#row = row;
    this.#lines[row] ??= '';
  }
}

function onTerminal(columns: number, env: Record<string, string> = {}): { clock: ManualClock; terminal: Terminal; screen: DemoScreen } {
  const clock = new ManualClock();
  const terminal = new Terminal(columns);
  return { clock, terminal, screen: openDemoScreen(terminal, { clock, env }) };
}

function inLines(output: { isTTY?: boolean; rows?: number } = {}, env = {}): { said: () => string[]; screen: DemoScreen } {
  let text = '';
  const screen = openDemoScreen({ ...output, write: (more: string) => (text += more) }, { clock: new ManualClock(), env });
  return { said: () => text.split('\n').slice(0, -1), screen };
}

describe('the demo on a terminal', () => {
  it('draws the table in its place, below what was said and above what is waited for', () => {
    const { clock, terminal, screen } = onTerminal(100);
    screen.progress('booting');
    screen.show(tableAfter(...leased.slice(0, 2)));
    screen.say('one');
    clock.advance(3100);
    screen.show(tableAfter(...leased));
    screen.say('two');
    expect(terminal.seen).toHaveLength(7);
    expect(terminal.seen[0]).toBe('one');
    expect(terminal.seen[1]).toBe('two');
    expect(terminal.seen[3]).toContain('10.77.0.10');
    expect(terminal.seen[6]).toBe('booting (3 s)');
    screen[Symbol.dispose]();
    expect(terminal.seen).toHaveLength(6);
    expect(clock.timers).toBe(0);
  });

  it('never writes in the last column, and leaves nothing behind on a terminal that is made narrower', () => {
    const { terminal, screen } = onTerminal(90);
    screen.progress('a very long tale of what is waited for, longer than there is room on any line of this terminal, which goes on');
    screen.show(tableAfter(...leased, ...pinged(1)));
    expect(Math.max(...terminal.seen.map(({ length }) => length))).toBeLessThan(90);
    expect(terminal.seen).toHaveLength(5);
    terminal.columns = 60;
    // The terminal breaks its lines at the new width by itself.
    const narrow = new Terminal(60);
    narrow.write(terminal.seen.map((line) => `${line}\n`).join(''));
    expect(narrow.seen.length).toBeGreaterThan(5);
    const before = terminal.sent.length;
    screen.say('narrow');
    narrow.write(terminal.sent.slice(before));
    expect(narrow.seen).toHaveLength(6);
    screen[Symbol.dispose]();
  });

  it('has colours unless NO_COLOR is set', () => {
    for (const [env, colours] of [
      [{}, true],
      [{ NO_COLOR: '' }, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const { terminal, screen } = onTerminal(100, env);
      screen.show(tableAfter(...leased));
      expect(terminal.sent.includes('\u001b[32m')).toBe(colours);
      screen[Symbol.dispose]();
    }
  });
});

describe('the demo elsewhere', () => {
  it.each([
    ['a pipe', {}, {}],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
    ['a terminal of few lines', { isTTY: true, rows: 5 }, {}],
  ])('is lines without an escape sequence, on %s, and the table at the end', (_, output, env) => {
    const { said, screen } = inLines(output, env);
    screen.progress('booting');
    screen.progress('booting');
    screen.show(tableAfter());
    screen.show(tableAfter(...leased.slice(0, 2)));
    screen.progress('');
    screen[Symbol.dispose]();
    expect(said().join('')).not.toContain('\u001b');
    expect(said().slice(0, 2)).toEqual(['booting', '1000.0 s  slave 2  02:65:6c:00:00:02  joined']);
    expect(said()).toHaveLength(6);
  });
});
