import { parseArgs } from 'node:util';
import { plantKinds, type PlantKind } from './plant.ts';

/** The options of a run. */
export interface RoundsArguments {
  readonly rounds: number;
  /** From which the faults are drawn. */
  readonly seed: number;
  /** A fault that the checker must find. */
  readonly plant: PlantKind | undefined;
}

/** The form of the command. */
export const usage = `npm run shortcuts -- [--rounds N] [--seed N] [--plant ${plantKinds.join('|')}]
Makes 60 random faults in a group of six slaves in two LANs, each behind a router with NAT, and a master outside: nodes are killed and started again, or
stand still; nodes of one LAN do not reach each other, or do not reach the master. Numbered frames go between all stations, all the time. None may
arrive twice or be overtaken, no broadcast may loop, and where a path is left, frames must come within a second. --plant makes a fault that must be
found. By default the seed is drawn by the time of day.
`;

/** Reads a command line. Throws an Error with the mistake. */
export function roundsArguments(argv: readonly string[], now: number): RoundsArguments {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...argv], options: { rounds: string, seed: string, plant: string } });
  return {
    rounds: number('--rounds', values.rounds ?? '60', 1),
    seed: number('--seed', values.seed ?? String(now), 0),
    plant: values.plant === undefined ? undefined : plantOf(values.plant),
  };
}

function plantOf(text: string): PlantKind {
  const kind = plantKinds.find((one) => one === text);
  if (kind === undefined) throw new Error(`--plant ${text} is none of ${plantKinds.join(', ')}`);
  return kind;
}

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= least) return value;
  throw new Error(`${option} ${text} is not a whole number from ${least} on`);
}
