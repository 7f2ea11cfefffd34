import { EtherloomError } from '../errors.ts';
import { type LabOptions, labWords, type Network } from './network.ts';
import { checkCount } from './numbers.ts';
import { play, playAlong } from './scenario.ts';
import { checkScenario, defaultSpan, drawScenarios, type FastCheck, type ScenarioOptions, scenarioWords } from './scenarios.ts';
import { lastNotes } from './story.ts';
import { Sightings, Watcher, type Watch } from './watch.ts';
import { checkOptions, type Wording } from './words.ts';

/** The options of a survival check. */
export interface SurvivalOptions extends ScenarioOptions {
  /** The number of scenarios. Default: 100. */
  readonly runs?: number;
  /** The seed of fast-check, which gives the same scenarios again. Default: a different one each time. */
  readonly seed?: number;
  /** The other options of the networks. */
  readonly lab?: Omit<LabOptions, 'seed' | 'record'>;
}

/** Called when all is over; it may be asynchronous. An error or rejection fails the scenario, and is reported as the reason. */
export type SurvivalCheck = () => unknown;

/**
 * Prepares a network before its faults begin, and returns a `SurvivalCheck`, or a promise of one. The check may be left out if `watch` gets
 * conditions.
 */
export type SurvivalPreparation = (net: Network, watch: Watch) => unknown;

/** The outcome of many runs. */
interface Outcome {
  readonly failed: boolean;
  readonly counterexample: readonly unknown[] | null;
  readonly seed: number;
  readonly numRuns: number;
  readonly errorInstance?: unknown;
}

/**
 * Tests whether a property holds in all scenarios. `prepare` gets the network before its faults begin, as the first lines built it. The
 * check that it returns is called when all is over; the conditions given to `watch` are checked at every instant. Throws an Error whose
 * message has the smallest scenario found that fails.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { survives } from 'etherloom/lab';
 *
 * await survives(fc, { runs: 5, faults: ['crash-host'], pings: false }, (net, { always }) => {
 *   always(() => net.hosts.length > 0, 'there are hosts');
 * });
 * ```
 */
export async function survives(fc: FastCheck, options: SurvivalOptions, prepare: SurvivalPreparation): Promise<void> {
  const { runs = 100, seed, lab, span = defaultSpan } = checked(options, prepare);
  const sightings = new Sightings();
  let refusal: EtherloomError | undefined;
  const trial = async (text: string): Promise<void> => {
    if (refusal) throw refusal;
    const [building, happening] = split(text);
    // Without `using`: some browsers lack what it needs.
    const net = play(building, lab);
    try {
      const watcher = new Watcher(net, sightings);
      const check = await prepare(net, watcher);
      refusal = refusalOf(check, watcher);
      if (refusal) throw refusal;
      await run(net, watcher, happening, (check ?? (() => net.run({ milliseconds: span }))) as SurvivalCheck);
    } finally {
      net[Symbol.dispose]();
    }
  };
  const property = fc.asyncProperty(drawScenarios(fc, options), trial);
  const outcome = await (fc.check(property, { numRuns: runs, ...(seed !== undefined && { seed }) }) as Promise<Outcome>);
  // Its class matters to programs, and scenarios are not the cause.
  if (refusal) throw refusal as Error;
  if (outcome.failed) throw await failureOf(outcome, runs, trial);
  const [unseen] = sightings.unseen;
  if (unseen !== undefined) throw new Error(`no scenario of ${runs} saw this: ${unseen}; try more { runs }, or other faults`);
}

/**
 * Plays a scenario, and calls the check. Without a check, time passes for the span of a fault when all is over: then later effects are
 * seen, too.
 */
async function run(net: Network, watcher: Watcher, happening: string, check: SurvivalCheck): Promise<void> {
  try {
    if (watcher.isOfUse) net.fabric.timeline.instantEnded = watcher.look;
    await playAlong(happening, net);
    await check();
    watcher.look();
    net.fabric.timeline.complain();
  } catch (error) {
    net.fabric.timeline.forgive();
    const notes = lastNotes(net.fabric);
    if (notes.length === 0) throw error;
    throw new Error([error instanceof Error ? error.message : String(error), 'the last lines of the programs:', ...notes].join('\n'), {
      cause: error,
    });
  }
}

function checked(options: SurvivalOptions, prepare: unknown): SurvivalOptions {
  checkOptions(options, survivalWords);
  const { runs, seed, lab, ...scenario } = options;
  checkScenario(scenario);
  if (runs !== undefined) checkCount('the number of runs', runs, 1);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw new EtherloomError('bad-option', `a seed of fast-check must be an integer, not ${seed}`);
  if (lab !== undefined) checkOptions(lab, labWords);
  if (typeof prepare !== 'function')
    throw new EtherloomError('bad-option', `cannot prepare a network with ${String(prepare)}; give a function that is given the network`);
  return options;
}

/** Returns the error for a run that would check nothing; undefined if it checks something. */
function refusalOf(check: unknown, watcher: Watcher): EtherloomError | undefined {
  if (typeof check === 'function' || (check === undefined && watcher.isOfUse)) return undefined;
  return new EtherloomError(
    'bad-option',
    `nothing would be checked: the preparation returned ${String(check)}; return a function that is asked when all is over, or use \`always\``,
  );
}

async function failureOf(outcome: Outcome, runs: number, trial: (text: string) => Promise<void>): Promise<Error> {
  const { counterexample, errorInstance, seed, numRuns } = outcome;
  const { text, cause } = await withoutNeedless({ text: String(counterexample?.[0]), cause: errorInstance }, trial);
  const why = cause instanceof Error ? cause.message : String(cause);
  const again = `fast-check's seed is ${seed}, scenario ${numRuns} of ${runs} was the first to fail`;
  return new Error(`a scenario was found in which it fails:\n\n${text}\n${why}\n\n(${again})`, { cause });
}

interface Failure {
  readonly text: string;
  readonly cause: unknown;
}

/** Returns the same failure without acts that it does not need. Of consecutive acts, fast-check removes only the first ones. */
async function withoutNeedless(failure: Failure, trial: (text: string) => Promise<void>): Promise<Failure> {
  let smallest = failure;
  for (const needless of new Set(Array.from(failure.text.matchAll(/^(f\d+) = |^(ping .*)$/gm), ([, fault, ping]) => fault ?? ping ?? ''))) {
    const text = without(smallest.text, needless);
    await trial(text).catch((cause: unknown) => (smallest = { text, cause }));
  }
  return smallest;
}

/** Returns a scenario without one fault or ping. */
function without(text: string, what: string): string {
  const lines = text.split('\n').filter((line) => line !== what && line !== `end ${what}` && !line.startsWith(`${what} = `));
  return lines.filter((line, at) => !line.startsWith('at ') || !/^(?:at |$)/.test(lines[at + 1] ?? '')).join('\n');
}

/** Splits a text into the lines that build the network and the acts. */
function split(text: string): readonly [string, string] {
  const at = text.search(/^at /m);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

/** The options of a survival check. */
export const survivalWords = {
  ...scenarioWords,
  runs: 'number',
  seed: 'number',
  lab: 'options',
} as const satisfies Wording<SurvivalOptions>;
