import { parseArgs } from 'node:util';

/** The options of a run. */
export interface DurabilityArguments {
  /** How often the switch is killed. */
  readonly kills: number;
  /** From which the moments and the clients are drawn. */
  readonly seed: number;
  /** How many clients there are; a quarter of them is without a lease at any time. */
  readonly clients: number;
  /** How many lines are cut off the journal after each kill, so that leases are lost: then the run must fail. */
  readonly cut: number;
}

/** How a run is started. */
export const usage = `npm run durability -- [--kills N] [--seed N] [--clients N] [--cut LINES]
Kills a switch with a DHCP server 200 times at random moments under load, and starts it again. No lease of which a client has the ACK may be
lost, and no address may be given to two. By default the seed is drawn by the time of day, and 400 clients take part.
  --cut LINES  cuts lines off the journal after each kill: shows what a loss looks like
`;

/** Reads a command line. Throws an Error with the mistake. */
export function durabilityArguments(argv: readonly string[], now: number): DurabilityArguments {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...argv], options: { kills: string, seed: string, clients: string, cut: string } });
  return {
    kills: number('--kills', values.kills ?? '200', 1),
    seed: number('--seed', values.seed ?? String(now), 0),
    clients: number('--clients', values.clients ?? '400', 100, 2000),
    cut: number('--cut', values.cut ?? '0', 0),
  };
}

function number(option: string, text: string, least: number, most = 1e15): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${option} ${text} is no number from ${least} to ${most}`);
}
