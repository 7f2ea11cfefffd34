/** A time span: the sum of what is given. */
export interface Span {
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** The span in milliseconds. */
export function millisecondsOf({ minutes = 0, seconds = 0, milliseconds = 0 }: Span): number {
  return (minutes * 60 + seconds) * 1000 + milliseconds;
}
