import { EtherloomError } from '../errors.ts';
import { Network, type LabOptions } from './network.ts';
import { perform, type Stage } from './notation.ts';

/*
 * A run as text, one line per fact: the parts, the actions and their times. `#` begins a comment.
 *
 *   seed 7
 *   switch s1
 *   host a s1
 *   host b s1
 *   run 5
 *   f1 = cut a-s1
 *   at 12000
 *   end f1
 */

/**
 * Returns the network that a text describes, at the time at which the text ends. A recording is repeated, octet by octet. With `net` the
 * text continues with an existing network. Throws EtherloomError with the line and its mistake. A recording whose outcome differs from the one
 * recorded is a mistake too.
 *
 * @example
 * ```ts
 * import { assertReaches, play } from 'etherloom/lab';
 *
 * using net = play(`
 *   switch s1 fstp
 *   switch s2 fstp
 *   link s1 s2 latency 2
 *   host a s1
 *   host b s2
 *   run 30`);
 * await assertReaches(net.hostNamed('a'), net.hostNamed('b'));
 * ```
 */
export function play(text: string, options: LabOptions = {}, net: Network = networkFor(text, options)): Network {
  const stage: Stage = { net, faults: new Map(), sockets: new Map() };
  linesOf(text).forEach((line, at) => {
    try {
      const until = performLine(line, stage);
      if (until !== undefined) net.fabric.timeline.advance(until);
    } catch (error) {
      throw failingAt(line, at, error, net);
    }
  });
  return net;
}

/** Continues with a network as `play` does, but lets asynchronous programs continue while time passes. */
export async function playAlong(text: string, net: Network): Promise<void> {
  const stage: Stage = { net, faults: new Map(), sockets: new Map() };
  for (const [at, line] of linesOf(text).entries()) {
    try {
      const until = performLine(line, stage);
      if (until !== undefined) await net.fabric.pass(until);
    } catch (error) {
      throw failingAt(line, at, error, net);
    }
  }
}

/** Adds the line to an error, and ends the network. */
function failingAt(line: string, at: number, error: unknown, net: Network): unknown {
  net[Symbol.dispose]();
  return error instanceof EtherloomError
    ? new EtherloomError(error.code, `line ${at + 1}: ${line}: ${error.message}`, { cause: error })
    : error;
}

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
}

/** Returns a network with the seed in the text, which is recorded if the text contains its expected outcome. */
function networkFor(text: string, options: LabOptions): Network {
  const lines = linesOf(text);
  const seed = lines.map((line) => /^seed (\d+)$/.exec(line)?.[1]).find((digits) => digits !== undefined);
  if (seed !== undefined && options.seed !== undefined && options.seed !== Number(seed))
    throw new EtherloomError('bad-option', `the text says seed ${seed}, the option ${options.seed}; give one of them`);
  const record = lines.some((line) => line.startsWith('digest '));
  return new Network({ ...(record && { record }), ...(seed !== undefined && { seed: Number(seed) }), ...options });
}

/** Performs a line; returns the time until which to run afterwards. */
function performLine(line: string, stage: Stage): number | undefined {
  if (line === '') return undefined;
  const { trace } = stage.net.fabric;
  const [word, value] = line.split(' ');
  if (word === 'seed') {
    if (stage.net.nodes.length > 0) throw new EtherloomError('bad-option', 'the seed must come first; move that line to the beginning');
  } else if (word !== 'digest') return perform(line, stage);
  else if (trace.digest !== value) {
    throw new EtherloomError(
      'bad-state',
      `this run differs from the recording: its digest is ${trace.digest ?? 'unknown'}, not ${value}; replay it with the version that recorded it`,
    );
  }
  return undefined;
}

/**
 * Returns the actions on a network so far, as text that `play` repeats. It contains only actions by methods of the network and its parts, not actions
 * directly on a host's stack or on a production switch. Throws EtherloomError('bad-state') if the network was not made with `{ record: true }`, if
 * the record was too long to be kept, and if a filter was used, which has no text.
 *
 * @example
 * ```ts
 * import { lab, play, recording } from 'etherloom/lab';
 *
 * using net = lab({ seed: 3, record: true });
 * net.star(2);
 * await net.run({ seconds: 5 });
 * using again = play(recording(net));
 * console.log(recording(again) === recording(net)); // true
 * ```
 */
export function recording({ fabric, now }: Network): string {
  const { record, timeline, trace, seed } = fabric;
  if (!record) throw new EtherloomError('bad-state', 'there is no recording of this network; make it with { record: true }');
  const steps = record.steps();
  const filter = steps.find(({ text }) => text.includes(' = filter '));
  if (filter) throw new EtherloomError('bad-state', `cannot record a filter, which is a function: ${filter.text}; use another fault`);
  const lines = [`seed ${seed}`];
  let last = 'at 0 after 0';
  for (const { time, after, text } of [...steps, { time: now, after: timeline.count, text: `digest ${trace.digest ?? ''}` }]) {
    const instant = `at ${time} after ${after}`;
    if (instant !== last) lines.push(instant);
    last = instant;
    lines.push(text);
  }
  return `${lines.join('\n')}\n`;
}
