import { formatCount } from '../format.ts';
import { isLoss } from '../outcome.ts';
import { protocolIn, type Choice } from '../rows.ts';
import { element, type Attributes } from './elements.ts';
import type { Story } from './story.ts';

/** The controls by which the user chooses frames: by node, protocol, words, time, or loss. */
export class Controls {
  readonly root = element('form', { class: 'controls', 'aria-label': 'The choice of frames' });
  readonly #changed: (choice: Choice) => void;
  readonly #status = element('output', { class: 'status' });
  readonly #find = element('input', { type: 'search', placeholder: 'Find in frames', 'aria-label': 'Find', name: 'find' });
  readonly #from = instantInput('from', 'From, in milliseconds', 'start');
  readonly #to = instantInput('to', 'To, in milliseconds', 'end');
  readonly #losses: Toggle;
  readonly #nodes: readonly Toggle[];
  readonly #protocols: ReadonlyMap<string, Toggle>;

  constructor(story: Story, changed: (choice: Choice) => void) {
    this.#changed = changed;
    const tell = (): void => this.#changed(this.choice);
    const { frames, nodes } = story.view;
    const counts = new Map<string, number>();
    for (const { text } of frames) counts.set(protocolIn(text), (counts.get(protocolIn(text)) ?? 0) + 1);
    const lost = frames.filter(({ fate }) => isLoss(fate)).length;
    this.#losses = new Toggle('losses only', tell, { count: lost, kind: 'losses' });
    this.#nodes = nodes.map(({ name, kind }) => new Toggle(name, tell, { kind: `node ${kind}` }));
    this.#protocols = new Map(
      [...counts].sort().map(([name, count]) => [name, new Toggle(name, tell, { count, kind: `protocol p-${name}` })]),
    );
    const clear = element('button', { type: 'button', class: 'clear' }, 'show all');
    clear.addEventListener('click', () => this.#clear());
    for (const input of [this.#find, this.#from, this.#to]) input.addEventListener('input', tell);
    this.root.addEventListener('submit', (event) => event.preventDefault());
    this.root.append(
      element(
        'div',
        { class: 'line' },
        this.#find,
        group('Time', this.#from, ' to ', this.#to, ' ms'),
        this.#losses.root,
        clear,
        this.#status,
      ),
      element(
        'div',
        { class: 'line' },
        group('Protocols', ...[...this.#protocols.values()].map(({ root }) => root)),
        group('Nodes', ...this.#nodes.map(({ root }) => root)),
      ),
    );
  }

  /** The current choice. */
  get choice(): Choice {
    const [from, to] = [this.#from, this.#to].map(({ value }) => (value.trim() === '' ? undefined : Number(value)));
    return {
      nodes: new Set(this.#nodes.flatMap(({ pressed }, place) => (pressed ? [place] : []))),
      protocols: new Set([...this.#protocols].flatMap(([name, { pressed }]) => (pressed ? [name] : []))),
      words: this.#find.value.trim(),
      losses: this.#losses.pressed,
      ...(from !== undefined && Number.isFinite(from) && { from }),
      ...(to !== undefined && Number.isFinite(to) && { to }),
    };
  }

  /** Displays how many of all frames are shown. */
  say(shown: number, all: number): void {
    this.#status.value = shown === all ? formatCount(all, 'frame') : `${shown} of ${formatCount(all, 'frame')}`;
  }

  /** Adds a node to the choice, or removes it. */
  toggleNode(place: number): void {
    this.#nodes[place]?.root.click();
  }

  /** Focuses the search field. */
  find(): void {
    this.#find.select();
    this.#find.focus();
  }

  #clear(): void {
    for (const input of [this.#find, this.#from, this.#to]) input.value = '';
    for (const toggle of [this.#losses, ...this.#nodes, ...this.#protocols.values()]) toggle.pressed = false;
    this.#changed(this.choice);
  }
}

/** A button that stays pressed. */
class Toggle {
  readonly root: HTMLButtonElement;

  constructor(name: string, changed: () => void, { count, kind }: { readonly count?: number; readonly kind: string }) {
    const attributes: Attributes = { type: 'button', class: `toggle ${kind}`, 'aria-pressed': 'false', 'data-name': name };
    this.root = element('button', attributes, name, ...(count === undefined ? [] : [element('small', {}, `${count}`)]));
    this.root.addEventListener('click', () => {
      this.pressed = !this.pressed;
      changed();
    });
  }

  get pressed(): boolean {
    return this.root.getAttribute('aria-pressed') === 'true';
  }

  set pressed(pressed: boolean) {
    this.root.setAttribute('aria-pressed', `${pressed}`);
  }
}

function group(name: string, ...children: readonly (Node | string)[]): HTMLElement {
  return element('fieldset', {}, element('legend', {}, name), ...children);
}

function instantInput(name: string, label: string, placeholder: string): HTMLInputElement {
  return element('input', { type: 'text', inputmode: 'decimal', name, placeholder, 'aria-label': label, size: 9 });
}
