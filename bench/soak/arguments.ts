import { parseArgs } from 'node:util';

/** The options of a soak. */
export interface SoakArguments {
  /** How long the load runs, in seconds. */
  readonly seconds: number;
  /** How often it is looked after, in seconds. */
  readonly interval: number;
  /** True if the link is one of a star through TLS, at whose door members and strangers come and go. */
  readonly secured: boolean;
}

/** How a soak is run. */
export const usage = `npm run soak -- [--minutes N | --seconds N] [--interval SECONDS] [--secured]
Two switches with a TCP link between them under full load, for 10 minutes unless told otherwise.
  --secured  the switches are a master and a slave that joined it: the link is encrypted, and other members and strangers come and go
`;

/** Throws an Error with the mistake. */
export function parseSoakArguments(argv: readonly string[]): SoakArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: { minutes: { type: 'string' }, seconds: { type: 'string' }, interval: { type: 'string' }, secured: { type: 'boolean' } },
  });
  const seconds = values.seconds === undefined ? 60 * positive(values.minutes ?? '10') : positive(values.seconds);
  return { seconds, interval: positive(values.interval ?? '10'), secured: values.secured === true };
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && number < Infinity) return number;
  throw new Error(`${text} is no length of time`);
}
