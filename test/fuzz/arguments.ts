import { parseArgs } from 'node:util';

/** The choice of inputs to fuzz. */
export type FuzzArguments =
  | {
      readonly do: 'run';
      /** Names; all when there are none. */
      readonly targets: readonly string[];
      /** How many inputs each of them gets. */
      readonly inputs: number | 'share of 10 million';
      /** The first seed; each time another one by default. */
      readonly from: number;
    }
  | { readonly do: 'repeat'; readonly target: string; readonly seed: number }
  | { readonly do: 'replay'; readonly target: string; readonly file: string };

/** The text about the command line. */
export const usage = `usage: npm run fuzz [-- OPTIONS]
  --target NAME            one target alone, or all of a group: star; may be given again. Default: all
  --inputs N               inputs for each target. Default: 10 million for all together
  --from N                 the first seed. Default: by the time of day
  --target NAME --seed N   repeats the inputs of that seed, and looks for the fewest that fail
  --target NAME --replay F takes the inputs in a file as they are kept under fixtures/fuzz`;

/** Reads a command line. Throws an Error with the mistake. */
export function fuzzArguments(args: readonly string[], now: number): FuzzArguments {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { target: { ...string, multiple: true }, inputs: string, from: string, seed: string, replay: string },
  });
  const targets = values.target ?? [];
  const [target] = targets;
  if (values.seed !== undefined || values.replay !== undefined) {
    if (target === undefined || targets.length > 1) throw new Error('--seed and --replay want one --target');
    if (values.replay !== undefined) return { do: 'replay', target, file: values.replay };
    return { do: 'repeat', target, seed: number('--seed', values.seed) };
  }
  return {
    do: 'run',
    targets,
    inputs: values.inputs === undefined ? 'share of 10 million' : number('--inputs', values.inputs),
    from: values.from === undefined ? now : number('--from', values.from),
  };
}

function number(option: string, text: string | undefined): number {
  if (!/^\d{1,15}$/.test(text ?? '')) throw new Error(`${option} ${text ?? ''} is no number`);
  return Number(text);
}
