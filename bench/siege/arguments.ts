import { parseArgs } from 'node:util';

/** The options of a siege. */
export interface SiegeArguments {
  /** How long the attack lasts, and the peace before and after it, in seconds. */
  readonly seconds: number;
  /** The number of connections in all on which a ClientHello is never finished. */
  readonly halfOpen: number;
  /** The number of handshakes that strangers begin in a second. */
  readonly handshakes: number;
  /** The loopback addresses of the strangers. The members are at 127.0.0.1. */
  readonly from: readonly string[];
  readonly bounds: SiegeBounds;
}

/** The bounds of what strangers may do. */
export interface SiegeBounds {
  /** The part of the frames that may be missing under attack, of those that the star forwards in a second of processor time. */
  readonly loss: number;
  /** The time in which a member is back, in milliseconds. */
  readonly back: number;
  /** The growth of the master's memory, in octets. */
  readonly growth: number;
}

/** How a siege is started. */
export const usage = `npm run siege -- [--seconds S] [--half-open N] [--handshakes N] [--from ADDRESS,...] [--loss PERCENT] [--back-within MS] [--growth MB]
Strangers attack the master of a star that forwards frames: with 10,000 connections that never finish their ClientHello, and 500 handshakes a
second. Forwarding may lose 15 %, a member that comes back must be linked within 2 s, and the master may grow by 5 MB. It lasts three times 10 s.
The bounds can be changed, for a machine that does other things as well.
  --from A,B   loopback addresses of the strangers. Default: four, none of which is the members'
`;

/** Reads a command line. Throws an Error with the mistake. */
export function siegeArguments(argv: readonly string[]): SiegeArguments {
  const string = { type: 'string' } as const;
  const bounds = { loss: string, 'back-within': string, growth: string };
  const options = { seconds: string, 'half-open': string, handshakes: string, from: string, ...bounds };
  const { values } = parseArgs({ args: [...argv], options });
  return {
    seconds: number('--seconds', values.seconds ?? '10', 1),
    halfOpen: number('--half-open', values['half-open'] ?? '10000', 0),
    handshakes: number('--handshakes', values.handshakes ?? '500', 0),
    from: (values.from ?? '127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5').split(','),
    bounds: {
      loss: number('--loss', values.loss ?? '15', 1) / 100,
      back: number('--back-within', values['back-within'] ?? '2000', 1),
      growth: number('--growth', values.growth ?? '5', 1) * 1e6,
    },
  };
}

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  throw new Error(`${option} ${text} is no number from ${least} on`);
}
