import { Columns } from '../columns.ts';
import { faultBars, type FaultBar } from '../fault-lanes.ts';
import type { Choice, Row } from '../rows.ts';
import { rowHeight } from './arrow.ts';
import { element, shape } from './elements.ts';
import { Marks, type Window } from './marks.ts';
import { RowView } from './row-view.ts';
import type { Focus, Story } from './story.ts';

/** The callbacks of the chart. A place is the index of a frame in the view. */
export interface ChartUse {
  /** Called when the pointer moves onto a frame. */
  readonly point: (place: number) => void;
  /** Called when a frame is clicked. */
  readonly pick: (place: number) => void;
  /** Called when the name of a node is clicked. */
  readonly pickNode: (node: number) => void;
}

/** The number of rows drawn above and below the visible ones. */
const spare = 8;
const [timeWidth, laneWidth] = [112, 13];
/** The bounds of the width for the frames' content, which is a third of the whole, in pixels. */
const [leastText, mostText] = [320, 470];

/** The list of rows. Only visible rows are drawn, however many there are. */
export class Chart {
  readonly root = element('div', { class: 'chart', tabindex: 0, role: 'listbox', 'aria-label': 'The run, in order of time' });
  readonly #story: Story;
  readonly #use: ChartUse;
  readonly #head = element('div', { class: 'head', 'aria-hidden': 'true' });
  readonly #body = element('div', { class: 'body', role: 'presentation' });
  readonly #lines = element('div', { class: 'lines', role: 'presentation' });
  readonly #bands = element('div', { role: 'presentation' });
  readonly #paths = shape('svg', { class: 'paths', 'aria-hidden': 'true' });
  readonly #list = element('div', { class: 'list', role: 'presentation' });
  #choice: Choice = {};
  #rows: readonly Row[] = [];
  #bars: readonly FaultBar[] = [];
  #columns: Columns;
  #view: RowView;
  #marks: Marks;
  #focus: Focus | undefined;
  #due = false;
  /** The width beside the columns, in pixels. */
  #gutter = timeWidth;
  #text = leastText;

  constructor(story: Story, use: ChartUse) {
    this.#story = story;
    this.#use = use;
    this.#columns = new Columns(story.view, {}, 0);
    this.#view = new RowView(story, this.#columns);
    this.#marks = new Marks(story, this.#columns, []);
    this.#body.append(this.#lines, this.#paths, this.#list);
    this.root.append(this.#head, this.#body);
    this.root.addEventListener('scroll', () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.show(this.#rows, this.#choice)).observe(this.root);
    this.#list.addEventListener('pointermove', (event) => tellPlace(event, use.point));
    this.#list.addEventListener('click', (event) => tellPlace(event, use.pick));
  }

  /** Shows these rows. */
  show(rows: readonly Row[], choice: Choice): void {
    [this.#rows, this.#choice] = [rows, choice];
    this.#bars = faultBars(this.#story.view, rows, choice);
    const lanes = Math.max(0, ...this.#bars.map(({ lane }) => lane + 1));
    const gutter = lanes * laneWidth + (lanes > 0 ? 10 : 0);
    this.#gutter = timeWidth + gutter;
    this.#text = Math.min(mostText, Math.max(leastText, Math.round(this.root.clientWidth / 3)));
    this.#columns = new Columns(this.#story.view, choice, this.root.clientWidth - this.#gutter - this.#text);
    this.#view = new RowView(this.#story, this.#columns);
    this.#marks = new Marks(this.#story, this.#columns, rows);
    const sizes = { time: timeWidth, lanes: gutter, columns: this.#columns.total, says: this.#text };
    for (const [name, size] of Object.entries(sizes)) this.root.style.setProperty(`--${name}`, `${size}px`);
    this.#body.style.height = `${rows.length * rowHeight}px`;
    // Removes old elements first: those below the new end of the list would preserve its old height.
    this.#list.replaceChildren();
    this.#paths.replaceChildren();
    this.#drawHead();
    this.#lines.replaceChildren(...this.#lifelines(), this.#bands);
    this.#draw();
  }

  /** Marks a frame with its causes and consequences. */
  mark(focus: Focus | undefined): void {
    this.#focus = focus;
    this.#drawMarks(this.#window());
  }

  /** Scrolls to a frame, if it is shown. */
  reveal(place: number): void {
    const row = this.#marks.rowOf(place);
    if (row === undefined) return;
    const [top, room] = [row * rowHeight, this.root.clientHeight - this.#head.offsetHeight];
    const { scrollTop } = this.root;
    if (top < scrollTop + rowHeight) this.root.scrollTop = Math.max(0, top - room / 3);
    else if (top > scrollTop + room - 2 * rowHeight) this.root.scrollTop = top - (2 * room) / 3;
    this.#revealColumns(place);
    this.#draw();
  }

  /** Returns the frame that is `by` shown frames after the given one. Without a given frame, returns the first visible one. */
  step(place: number | undefined, by: number): number | undefined {
    const row = place === undefined ? undefined : this.#marks.rowOf(place);
    const start = row ?? Math.ceil(this.root.scrollTop / rowHeight) - Math.sign(by);
    let found: number | undefined;
    let left = Math.abs(by);
    for (let at = start + Math.sign(by); left > 0 && at >= 0 && at < this.#rows.length; at += Math.sign(by)) {
      const next = this.#rows[at];
      if (next?.kind !== 'frame') continue;
      found = next.place;
      left--;
    }
    return found ?? place;
  }

  /** The number of rows visible at once. */
  get page(): number {
    return Math.max(1, Math.floor((this.root.clientHeight - this.#head.offsetHeight) / rowHeight) - 1);
  }

  /** Scrolls sideways until both ends of an arrow are visible, if both fit. */
  #revealColumns(place: number): void {
    const { from, to } = this.#story.frame(place);
    const [left, right] = this.#columns.arrow(from, to).toSorted((a, b) => a - b);
    if (left === undefined || right === undefined) return;
    const { width } = this.#columns;
    const room = this.root.clientWidth - this.#gutter - this.#text;
    const { scrollLeft } = this.root;
    if (left - width / 2 < scrollLeft) this.root.scrollLeft = left - width / 2;
    else if (right + width / 2 > scrollLeft + room) this.root.scrollLeft = right + width / 2 - room;
  }

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  #window(): Window {
    const first = Math.max(0, Math.min(this.#rows.length - 1, Math.floor(this.root.scrollTop / rowHeight)) - spare);
    const seen = Math.ceil(this.root.clientHeight / rowHeight) + 2 * spare;
    return { first, last: Math.min(this.#rows.length, first + seen) };
  }

  #drawHead(): void {
    const { nodes } = this.#story.view;
    const names = this.#columns.shown.flatMap((place) => {
      const node = nodes[place];
      if (!node) return [];
      const title = `${node.kind} ${node.name}${node.macs.map((mac) => `, ${mac}`).join('')}`;
      const name = element('button', { type: 'button', class: `node ${node.kind}`, tabindex: -1, title }, node.name);
      name.addEventListener('click', () => this.#use.pickNode(place));
      name.style.left = `${this.#columns.at(place) ?? 0}px`;
      name.style.maxWidth = `${this.#columns.width - 8}px`;
      return [name];
    });
    this.#head.replaceChildren(
      element('span', { class: 'time' }, 'time in ms'),
      element('span', { class: 'lanes' }),
      element('span', { class: 'names' }, ...names),
      element('span', { class: 'says' }, 'content of the frame, and its outcome'),
    );
  }

  #draw(): void {
    const window = this.#window();
    const drawn = this.#rows
      .slice(window.first, window.last)
      .map((row, at) => this.#view.draw(row, window.first + at, this.#rows[window.first + at - 1]));
    this.#list.style.top = this.#paths.style.top = `${window.first * rowHeight}px`;
    this.#list.replaceChildren(...drawn);
    this.#bands.replaceChildren(...this.#faults(window));
    this.#drawMarks(window);
  }

  #lifelines(): HTMLElement[] {
    return this.#columns.shown.map((place) => {
      const line = element('i', { class: `lifeline ${this.#story.view.nodes[place]?.kind ?? ''}` });
      line.style.left = `calc(var(--time) + var(--lanes) + ${this.#columns.at(place) ?? 0}px)`;
      return line;
    });
  }

  /** Returns the bars of faults, and gaps in the lines of nodes that are crashed meanwhile. */
  #faults(window: Window): HTMLElement[] {
    return this.#bars.flatMap(({ place, lane, first, last }) => {
      const fault = this.#story.view.faults[place];
      if (!fault || first >= window.last || last < window.first) return [];
      const bar = element('i', { class: 'bar', title: `${fault.name}: ${fault.text}` });
      bar.style.left = `calc(var(--time) + ${lane * laneWidth + 6}px)`;
      const dead = fault.kind === 'crash' ? fault.groups.flat() : [];
      const gaps = dead.flatMap((node) => {
        const x = this.#columns.at(node);
        if (x === undefined) return [];
        const gap = element('i', { class: 'dead' });
        gap.style.left = `calc(var(--time) + var(--lanes) + ${x}px)`;
        return [gap];
      });
      for (const part of [bar, ...gaps]) {
        part.style.top = `${(first + 0.5) * rowHeight}px`;
        part.style.height = `${(last - first) * rowHeight}px`;
      }
      return [bar, ...gaps];
    });
  }

  #drawMarks(window: Window): void {
    const focus = this.#focus;
    const [chain, consequences] = [new Set(focus?.chain), new Set(focus?.consequences)];
    this.#paths.setAttribute('width', `${this.#columns.total}`);
    this.#paths.setAttribute('height', `${(window.last - window.first) * rowHeight}`);
    this.#paths.replaceChildren(...(focus ? this.#marks.draw(focus, window) : []));
    this.root.classList.toggle('focused', focus !== undefined);
    for (const row of this.#list.children) {
      if (!(row instanceof HTMLElement)) continue;
      const place = row.dataset['place'] === undefined ? -1 : Number(row.dataset['place']);
      row.classList.toggle('current', place === focus?.place);
      row.classList.toggle('in-chain', chain.has(place));
      row.classList.toggle('after', consequences.has(place));
      row.setAttribute('aria-selected', `${place === focus?.place}`);
    }
    const row = focus && this.#marks.rowOf(focus.place);
    if (row === undefined) this.root.removeAttribute('aria-activedescendant');
    else this.root.setAttribute('aria-activedescendant', `row-${row}`);
  }
}

function tellPlace(event: Event, tell: (place: number) => void): void {
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>('.row.frame') : null;
  if (row) tell(Number(row.dataset['place']));
}
