import { parseArgs } from 'node:util';

/** The options of `npm run bench --`. */
export interface Arguments {
  /** The benchmarks to run; empty for all. */
  readonly names: readonly string[];
  readonly rounds: number;
  /** Only cases are run whose names contain it; empty for all. */
  readonly caseText: string;
  /** Measured seconds of each run. */
  readonly seconds: number;
  /** True if loads look for something to do all the time. */
  readonly spin: boolean;
  /** Where the raw figures go; by default a file of the present time in bench/results. */
  readonly json: string | undefined;
  /** A directory of etherloom to measure. */
  readonly ours: string;
  /** A directory of etherloom to take for the peer; by default the peer is the original. */
  readonly against: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `usage: npm run bench -- [options] [NAME...]
Runs etherloom and its peers in turn and prints how they compare; bench/README.md says how to read it.
  --rounds N     how often each side is run (5)
  --case TEXT    only cases whose names contain TEXT
  --seconds S    how long each run is measured (2)
  --spin         the load never sleeps: needs a processor of its own
  --json FILE    where the raw figures go (bench/results/TIME.json)
  --ours DIR     measure the etherloom built in DIR
  --against DIR  compare with the etherloom built in DIR, not with the original
  --as-built     do not build first
  --list         the names of the benchmarks
`;

/** Reads the arguments. Throws an Error with the mistake. */
export function parseArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      case: { type: 'string', default: '' },
      seconds: { type: 'string', default: '2' },
      spin: { type: 'boolean', default: false },
      json: { type: 'string' },
      ours: { type: 'string', default: '.' },
      against: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no benchmark is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a number from 1 up, not ${values.rounds}`);
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 600)) throw new Error(`--seconds must be a number up to 600, not ${values.seconds}`);
  const { case: caseText, spin, json, ours, against, list, help } = values;
  return { names: positionals, rounds, caseText, seconds, spin, json, ours, against, list, help };
}
