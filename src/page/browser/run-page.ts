import type { RunView } from '../run-view.ts';
import { rowsOf, type Choice } from '../rows.ts';
import { Chart } from './chart.ts';
import { Controls } from './controls.ts';
import { element } from './elements.ts';
import { Inspector } from './inspector.ts';
import { legend } from './legend.ts';
import { Story } from './story.ts';

/** A drawn view: its title and facts, the controls, the chart, and the selected frame. */
export class RunPage {
  readonly root = element('main', { class: 'run' });
  readonly #story: Story;
  readonly #controls: Controls;
  readonly #chart: Chart;
  readonly #inspector: Inspector;
  /** The frame that was selected by a click or a key. */
  #kept: number | undefined;
  #looked: number | undefined;

  constructor(view: RunView) {
    this.#story = new Story(view);
    this.#controls = new Controls(this.#story, (choice) => this.#show(choice));
    this.#chart = new Chart(this.#story, {
      point: (place) => this.#look(place),
      pick: (place) => this.#keep(place === this.#kept ? undefined : place),
      pickNode: (node) => this.#controls.toggleNode(node),
    });
    this.#inspector = new Inspector(this.#story, (place) => this.#goTo(place));
    this.root.append(heading(view), this.#controls.root, this.#chart.root, this.#inspector.root);
    this.#chart.root.addEventListener('pointerleave', () => this.#look(this.#kept ?? this.#looked));
    this.#chart.root.addEventListener('focus', () => {
      if (this.#looked === undefined && this.#chart.root.matches(':focus-visible')) this.#goTo(this.#chart.step(undefined, 1));
    });
    document.addEventListener('keydown', (event) => this.#pressed(event));
  }

  /** Draws the page, whose root must already be in a document. */
  start(): void {
    this.#show(this.#controls.choice);
  }

  #show(choice: Choice): void {
    const rows = rowsOf(this.#story.view, choice);
    this.#chart.show(rows, choice);
    this.#controls.say(rows.filter(({ kind }) => kind === 'frame').length, this.#story.view.frames.length);
    if (this.#kept !== undefined) this.#chart.reveal(this.#kept);
  }

  #look(place: number | undefined): void {
    if (place === this.#looked) return;
    this.#looked = place;
    const focus = place === undefined ? undefined : this.#story.focusOn(place);
    this.#chart.mark(focus);
    this.#inspector.show(focus);
  }

  #keep(place: number | undefined): void {
    this.#kept = place;
    this.#look(place);
  }

  #goTo(place: number | undefined): void {
    if (place === undefined) return;
    this.#keep(place);
    this.#chart.reveal(place);
  }

  /** Handles a key. Keys control the chart unless another element has the focus. */
  #pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    if (event.key === 'Escape') this.#keep(undefined);
    else if (event.key === '/') this.#controls.find();
    else if (event.target !== document.body && event.target !== this.#chart.root) return;
    else if (!this.#move(event.key)) return;
    event.preventDefault();
  }

  /** Moves to another frame if the key is for that. Returns whether it is. */
  #move(key: string): boolean {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: this.#chart.page,
      PageUp: -this.#chart.page,
      Home: -Infinity,
      End: Infinity,
    };
    const { causes } = this.#story;
    const looked = this.#looked;
    const by = steps[key];
    if (by !== undefined) this.#goTo(this.#chart.step(looked, by));
    else if (looked === undefined) return false;
    else if (key === 'ArrowLeft') this.#goTo(causes.causeOf(looked));
    else if (key === 'ArrowRight') this.#goTo(causes.effectsOf(looked)[0]);
    else return false;
    return true;
  }
}

function heading({ title, facts, omissions }: RunView): HTMLElement {
  const left = omissions.map((text) => element('li', {}, text));
  return element(
    'header',
    {},
    element('div', { class: 'title' }, element('h1', {}, title), element('p', { class: 'facts' }, facts.join(' · '))),
    legend(),
    ...(left.length > 0 ? [element('ul', { class: 'omissions', 'aria-label': 'Missing in this page' }, ...left)] : []),
  );
}
