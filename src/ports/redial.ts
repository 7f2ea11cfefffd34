/** When to dial again: at once after a connection that held, then ever later, up to a bound. A value; whoever dials keeps the time. */
export interface Redial {
  /** The wait before the next attempt, in milliseconds. */
  readonly delay: number;
}

/** How patient and how eager the one who dials is. */
export interface RedialLimits {
  /** The first wait, in milliseconds. Default: 100. */
  readonly first?: number;
  /** The longest wait, in milliseconds. Default: 1,000. */
  readonly longest?: number;
}

/** The wait after a connection that held. */
export function firstRedial({ first = 100 }: RedialLimits = {}): Redial {
  return { delay: first };
}

/** The wait after one more attempt that failed. */
export function nextRedial(redial: Redial, { longest = 1000 }: RedialLimits = {}): Redial {
  return { delay: Math.min(redial.delay * 2, longest) };
}
