import type { RunOutcome } from '../outcome.ts';
import { arrow, rowHeight } from './arrow.ts';
import { element, shape } from './elements.ts';

const outcomes: Readonly<Record<RunOutcome, string>> = {
  delivered: 'delivered',
  taken: 'taken, not forwarded',
  dropped: 'dropped by the receiver',
  lost: 'lost on the link',
  'under-way': 'under way',
};

/** Returns the legend: the symbols of the page, with their meanings. */
export function legend(): HTMLElement {
  const samples = Object.entries(outcomes).map(([outcome, words]) => sample(words, arrow(4, 48, outcome as RunOutcome)));
  const y = rowHeight / 2;
  return element(
    'ul',
    { class: 'legend', 'aria-label': 'Legend' },
    ...samples,
    sample('cause', shape('path', { class: 'cause', d: `M6 ${y}H46` })),
    sample('consequence', shape('path', { class: 'consequence', d: `M6 ${y}H46` })),
  );
}

function sample(words: string, drawn: SVGElement): HTMLElement {
  return element('li', {}, shape('svg', { width: 54, height: rowHeight, 'aria-hidden': 'true' }, drawn), words);
}
