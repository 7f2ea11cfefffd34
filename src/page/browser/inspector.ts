import { formatCount, formatInstant } from '../format.ts';
import { isLoss } from '../outcome.ts';
import { element, type Child } from './elements.ts';
import type { Focus, Story } from './story.ts';

/** The most entries that are shown of each list. */
const [mostCauses, mostConsequences] = [200, 50];

/** The details of the selected frame: its content, and the chain of its causes. */
export class Inspector {
  readonly root = element('section', { class: 'inspector', 'aria-label': 'The selected frame' });
  readonly #story: Story;
  readonly #pick: (place: number) => void;

  constructor(story: Story, pick: (place: number) => void) {
    this.#story = story;
    this.#pick = pick;
    this.show(undefined);
  }

  /** Shows a frame, or, if there is none, how to select one. */
  show(focus: Focus | undefined): void {
    this.root.replaceChildren(...(focus ? [this.#frame(focus), this.#chain(focus), this.#consequences(focus)] : [keys()]));
    this.root.querySelector('ol.chain')?.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }

  #frame({ place }: Focus): HTMLElement {
    const { number, time, source, target, octets, text, fate } = this.#story.frame(place);
    const facts: readonly (readonly [string, Child])[] = [
      ['sent', `${formatInstant(time)} ms, ${source} → ${target}`],
      ['length', formatCount(octets, 'octet')],
      ['fate', element('span', { class: isLoss(fate) ? 'bad' : '' }, fate)],
    ];
    return element(
      'div',
      { class: 'about' },
      element('h2', {}, `Frame #${number}`),
      element('p', { class: 'decode' }, text),
      element('dl', {}, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
    );
  }

  #chain({ place, chain }: Focus): HTMLElement {
    const shown = chain.slice(-mostCauses);
    const [first = place] = chain;
    const { cause } = this.#story.frame(first);
    const before: string[] = [];
    if (shown.length < chain.length) before.push(`${formatCount(chain.length - shown.length, 'earlier cause')} not listed`);
    if (cause !== undefined) before.push(`Caused by #${cause}, which is not in this page`);
    const list = element(
      'ol',
      { class: 'chain' },
      ...before.map((text) => element('li', { class: 'beyond' }, text)),
      ...shown.map((one) => this.#item(one, one === place)),
    );
    const title = chain.length === 1 ? 'Without a cause' : `Causes: ${formatCount(chain.length, 'frame')}`;
    return element('div', { class: 'causes' }, element('h2', {}, title), list);
  }

  #consequences({ consequences }: Focus): HTMLElement {
    const shown = consequences.slice(0, mostConsequences);
    const title = consequences.length === 0 ? 'Without consequences' : `Consequences: ${formatCount(consequences.length, 'frame')}`;
    const more = consequences.length - shown.length;
    const rest = more > 0 ? [element('li', { class: 'beyond' }, `${formatCount(more, 'frame')} more`)] : [];
    return element(
      'div',
      { class: 'effects' },
      element('h2', {}, title),
      element('ol', {}, ...shown.map((one) => this.#item(one, false)), ...rest),
    );
  }

  #item(place: number, isCurrent: boolean): HTMLElement {
    const { number, time, source, target, fate } = this.#story.frame(place);
    const { protocol, content } = this.#story.decode(place);
    const parts = [
      element('span', { class: 'time' }, formatInstant(time)),
      element('span', { class: 'ports' }, `${source} → ${target}`),
      element('span', { class: 'content' }, `${protocol} ${content}`),
      ...(isLoss(fate) ? [element('span', { class: 'bad' }, fate)] : []),
    ];
    const button = element('button', { type: 'button', 'data-number': number, 'aria-current': isCurrent && 'true' }, ...parts);
    button.addEventListener('click', () => this.#pick(place));
    return element('li', {}, button);
  }
}

function keys(): HTMLElement {
  const key = (name: string): HTMLElement => element('kbd', {}, name);
  return element(
    'p',
    { class: 'keys' },
    'Point at a frame to see its causes and consequences. Click it to keep it selected. With the keyboard: ',
    key('↑'),
    ' ',
    key('↓'),
    ' to the previous or next frame, ',
    key('←'),
    ' to its cause, ',
    key('→'),
    ' to its first consequence, ',
    key('/'),
    ' to find, ',
    key('Esc'),
    ' to deselect.',
  );
}
