/** Formats an instant in milliseconds: `2 000.050`. */
export function formatInstant(milliseconds: number): string {
  const [whole = '', part = ''] = milliseconds.toFixed(3).split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, thinSpace)}.${part}`;
}

const thinSpace = '\u2009';

/** Formats a duration in suitable units: `150 ms`, `1.95 s`, `2 min 5 s`, `3 h 20 min`. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1000) return `${Number(milliseconds.toPrecision(3))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return joined([Math.floor(whole / 60), 'min'], [whole % 60, 's']);
  return joined([Math.floor(whole / 3600), 'h'], [Math.floor((whole % 3600) / 60), 'min']);
}

/** Formats a count with its noun: `12 345 frames`, `1 frame`. */
export function formatCount(count: number, word: string): string {
  return `${`${count}`.replace(/\B(?=(\d{3})+$)/g, thinSpace)} ${word}${count === 1 ? '' : 's'}`;
}

function joined(...parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([amount]) => amount > 0)
    .map((part) => part.join(' '))
    .join(' ');
}
