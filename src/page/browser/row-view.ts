import type { Columns } from '../columns.ts';
import { formatInstant, formatSpan } from '../format.ts';
import { outcomeOf, type RunOutcome } from '../outcome.ts';
import type { Row } from '../rows.ts';
import { arrow, rowHeight } from './arrow.ts';
import { element, shape, type Child } from './elements.ts';
import type { Story } from './story.ts';

/** Draws rows, each as one element of the list. */
export class RowView {
  readonly #story: Story;
  readonly #columns: Columns;

  constructor(story: Story, columns: Columns) {
    this.#story = story;
    this.#columns = columns;
  }

  /** Draws the row with index `at` in the list; `before` is the row above it. */
  draw(row: Row, at: number, before: Row | undefined): HTMLElement {
    switch (row.kind) {
      case 'frame':
        return this.#frame(row.place, at, before?.kind === 'frame' ? before.place : undefined);
      case 'fault':
        return this.#fault(row.place, row.begins, at);
      case 'note':
        return this.#note(row.place, at);
      case 'pause':
        return this.#row(at, 'pause', '', [], [`${formatSpan(row.milliseconds)} later`]);
    }
  }

  #frame(place: number, at: number, before: number | undefined): HTMLElement {
    const { number, time, from, to, source, target, fate } = this.#story.frame(place);
    const { way, protocol, content } = this.#story.decode(place);
    const outcome = outcomeOf(fate);
    const isSame = before !== undefined && this.#story.frame(before).time === time;
    const [start, end] = this.#columns.arrow(from, to);
    const drawn: Child[] = [arrow(start, end, outcome), ...this.#ends(from, to, source, target)];
    const main = element(
      'span',
      { class: 'main' },
      element('b', { class: 'protocol' }, protocol),
      element('span', { class: 'content' }, content),
      ...(isUsual(outcome) ? [] : [element('span', { class: `fate ${outcome}` }, fate)]),
    );
    const says = [main, element('span', { class: 'way' }, way)];
    const row = this.#row(at, `frame ${outcome} p-${protocol}${isSame ? ' same' : ''}`, formatInstant(time), drawn, says);
    row.dataset['number'] = `${number}`;
    row.dataset['place'] = `${place}`;
    row.setAttribute('aria-label', `${formatInstant(time)} ms, ${source} to ${target}: ${way} ${protocol} ${content}, ${fate}`);
    return row;
  }

  /** Draws the port numbers, and the name of an end whose node is not shown. */
  #ends(from: number, to: number, source: string, target: string): SVGTextElement[] {
    const [start, end] = this.#columns.arrow(from, to);
    const forward = end >= start ? 1 : -1;
    const label = (node: number, port: string, x: number, inward: number): SVGTextElement[] => {
      const isShown = this.#columns.at(node) !== undefined;
      const text = isShown ? port.split('.')[1] : port;
      if (text === undefined) return [];
      const attributes = { class: isShown ? 'port' : 'stub', x: x + inward * (isShown ? 10 : -4), y: isShown ? 9 : rowHeight / 2 + 3.5 };
      return [shape('text', { ...attributes, 'text-anchor': inward > 0 === isShown ? 'start' : 'end' }, text)];
    };
    return [...label(from, source, start, forward), ...label(to, target, end, -forward)];
  }

  #fault(place: number, begins: boolean, at: number): HTMLElement {
    const fault = this.#story.view.faults[place];
    if (!fault) throw new RangeError(`the view has no fault ${place}`);
    const { name, text, kind, groups } = fault;
    const spots = groups.map((group) => group.flatMap((node) => this.#columns.at(node) ?? []));
    const all = spots.flat();
    const y = rowHeight / 2;
    const span = shape('line', { class: 'reach', x1: Math.min(...all), x2: Math.max(...all), y1: y, y2: y });
    const marks = spots.flatMap((group, which) =>
      group.map((x) => mark(x, begins ? (kind.startsWith('partition') ? groupName(which) : '✕') : '✓')),
    );
    const time = formatInstant((begins ? fault.begins : (fault.ends ?? fault.begins)).time);
    const says = [element('b', { class: 'protocol' }, name), element('span', { class: 'content' }, begins ? text : `${text} ends`)];
    const row = this.#row(at, `fault ${begins ? 'begins' : 'ends'}`, time, all.length > 0 ? [span, ...marks] : [], says);
    row.dataset['fault'] = name;
    return row;
  }

  #note(place: number, at: number): HTMLElement {
    const { time = 0, node = 0, text = '' } = this.#story.view.notes[place] ?? {};
    const x = this.#columns.at(node) ?? 0;
    const bubble = shape('path', { class: 'bubble', d: `M${x - 9} 5h18v12h-11l-4 5v-5h-3z` });
    const says = [element('b', { class: 'protocol' }, this.#story.nameOf(node)), element('span', { class: 'content' }, text)];
    return this.#row(at, 'note', formatInstant(time), [bubble], says);
  }

  #row(at: number, name: string, time: string, drawn: readonly Child[], says: readonly Child[]): HTMLElement {
    const area = shape('svg', { class: 'area', width: this.#columns.total, height: rowHeight, 'aria-hidden': 'true' }, ...drawn);
    return element(
      'div',
      { class: `row ${name}`, id: `row-${at}`, role: 'option', 'data-at': at },
      element('span', { class: 'time' }, time),
      element('span', { class: 'lanes' }),
      area,
      element('span', { class: 'says' }, ...says),
    );
  }
}

/** Returns the mark of a fault at a node. In a partition, each group of nodes has a letter. */
function mark(x: number, sign: string): SVGGElement {
  const y = rowHeight / 2;
  return shape(
    'g',
    { class: 'mark' },
    shape('rect', { x: x - 8, y: y - 8, width: 16, height: 16, rx: 3 }),
    shape('text', { x, y: y + 4, 'text-anchor': 'middle' }, sign),
  );
}

/** Returns whether the outcome is clear from the arrow alone, without words. */
function isUsual(outcome: RunOutcome): boolean {
  return outcome === 'delivered' || outcome === 'taken';
}

function groupName(which: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + (which % 26));
}
