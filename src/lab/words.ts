import { formatAmount } from '../ports/impairment-text.ts';
import type { Amount } from '../ports/impairment.ts';

/**
 * Options as the notation writes them, in the order of their names' first mention: `latency 2 tagged 5,6 fstp`. What is true is its name
 * alone; what is false, undefined, or a function is left out.
 */
export function formatWords(options: object): string {
  return Object.entries(options)
    .flatMap(([name, value]: [string, unknown]) => {
      if (value === true) return [name];
      if (typeof value === 'number' || typeof value === 'string') return [`${name} ${value}`];
      if (Array.isArray(value)) return [`${name} ${value.join(',')}`];
      return isAmount(value) ? [`${name} ${formatAmount(value)}`] : [];
    })
    .join(' ');
}

function isAmount(value: unknown): value is Amount {
  return typeof value === 'object' && value !== null && 'mean' in value;
}

/** A line of the notation: its parts that are there. */
export function formatLine(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}
