import { parseArgs } from 'node:util';

/** The ways in which a star is linked. */
export const ways = ['secured', 'plain'] as const;

/** A way in which a star is linked. */
export type Way = (typeof ways)[number];

/** The options of a run. */
export interface ChaosArguments {
  /** The number of faults in each star. */
  readonly faults: number;
  /** From which the faults are drawn. */
  readonly seed: number;
  readonly slaves: number;
  /** The stars that run beside each other; each has the same faults, in turn. */
  readonly ways: readonly Way[];
}

/** How a run is started. */
export const usage = `npm run chaos -- [--faults N] [--seed N] [--slaves N] [--way secured|plain]
Makes 100 random faults in a star of a master and 4 slaves, each in a network namespace of its own: nodes are killed and started again, or
stand still; cables are pulled and put back, or carry nothing for a while. Measures the time from the end of each until all stations reach all
others. Ids, keys, MAC addresses and leases must stay, and nothing may be left behind. An encrypted star and a plain one run beside each
other. By default the seed is drawn by the time of day.
`;

/** Reads a command line. Throws an Error with the mistake. */
export function chaosArguments(argv: readonly string[], now: number): ChaosArguments {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...argv], options: { faults: string, seed: string, slaves: string, way: string } });
  return {
    faults: number('--faults', values.faults ?? '100', 1),
    seed: number('--seed', values.seed ?? String(now), 0),
    slaves: number('--slaves', values.slaves ?? '4', 1, 50),
    ways: values.way === undefined ? ways : [wayOf(values.way)],
  };
}

function wayOf(text: string): Way {
  const way = ways.find((one) => one === text);
  if (way === undefined) throw new Error(`--way ${text} is neither of ${ways.join(', ')}`);
  return way;
}

function number(option: string, text: string, least: number, most = 1e15): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${option} ${text} is no number from ${least} to ${most}`);
}
