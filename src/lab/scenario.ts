import { EtherloomError } from '../errors.ts';
import { Network, type LabOptions } from './network.ts';
import { perform, type Stage } from './notation.ts';

/*
 * A run as text, one line per fact: what is built, what is done to it, and when. `#` begins a comment.
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
 * The network that a text describes, with the time at which the text ends. A recording is repeated, octet by octet. With `net` the text
 * goes on with a network that is there. Throws EtherloomError that names the line and says what is wrong with it, also when a recording
 * does not come out as it was.
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

/** Goes on with a network as `play` does, but lets asynchronous programs go on while time passes. */
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

/** Names the line, and ends the network. */
function failingAt(line: string, at: number, error: unknown, net: Network): unknown {
  net[Symbol.dispose]();
  return error instanceof EtherloomError
    ? new EtherloomError(error.code, `line ${at + 1}: ${line}: ${error.message}`, { cause: error })
    : error;
}

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
}

/** One with the seed that the text says, which is recorded where the text says what must come of it. */
function networkFor(text: string, options: LabOptions): Network {
  const lines = linesOf(text);
  const seed = lines.map((line) => /^seed (\d+)$/.exec(line)?.[1]).find((digits) => digits !== undefined);
  if (seed !== undefined && options.seed !== undefined && options.seed !== Number(seed))
    throw new EtherloomError('bad-option', `the text says seed ${seed}, the option ${options.seed}; give one of them`);
  const record = lines.some((line) => line.startsWith('digest '));
  return new Network({ ...(record && { record }), ...(seed !== undefined && { seed: Number(seed) }), ...options });
}

/** Does what a line says; returns until when time passes then. */
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
 * What was done to a network so far, as text that `play` repeats. Only what was done by the methods of the network and its parts is there:
 * what is done to a host's stack, or to a production switch, directly is not. Throws EtherloomError('bad-state') when the network was not
 * made with `{ record: true }`, when that was too much to be kept, and when a filter was used, which has no text.
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
