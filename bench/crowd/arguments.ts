import { parseArgs } from 'node:util';

/** The options of a run. */
export interface CrowdArguments {
  readonly members: number;
  /** The number of processes that they share; undefined if each has its own. */
  readonly processes: number | undefined;
  /** The number of times that the master is killed. */
  readonly kills: number;
  /** The most seconds of two processors until all have joined. */
  readonly joinWithin: number;
  /** The most seconds until all are back. */
  readonly backWithin: number;
}

/** How a run is started. */
export const usage = `npm run crowd -- [--members N] [--light PROCESSES] [--kills N] [--join-within SECONDS] [--back-within SECONDS]
Lets 200 slaves join one master on this machine by a line, all at once, and kills the master three times. Measures the time and the processor
time until all have joined and are linked, until all are linked again, and the master's memory. Each slave is a process of etherloom.
  --light        slaves of the same membership and link, without a switch, a console and a guest's card, share so many processes
  --join-within  ends with 1 if all need more than this time of two processors to join; default: 60
  --back-within  ends with 1 if it takes longer until all are back; default: 5 with --light, 60 without
`;

/** Reads a command line. Throws an Error with the mistake. */
export function crowdArguments(argv: readonly string[]): CrowdArguments {
  const string = { type: 'string' } as const;
  const options = { members: string, light: string, kills: string, 'join-within': string, 'back-within': string };
  const { values } = parseArgs({ args: [...argv], options });
  const processes = values.light === undefined ? undefined : number('--light', values.light, 1, 100);
  return {
    members: number('--members', values.members ?? '200', 1, 10_000),
    processes,
    kills: number('--kills', values.kills ?? '3', 0, 1000),
    joinWithin: number('--join-within', values['join-within'] ?? '60', 1),
    backWithin: number('--back-within', values['back-within'] ?? (processes === undefined ? '60' : '5'), 1),
  };
}

function number(option: string, text: string, least: number, most = 1e9): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${option} ${text} is no number from ${least} to ${most}`);
}
