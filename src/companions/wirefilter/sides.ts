import type { PlugEnd } from '../cable.ts';
import { fstatSync } from 'node:fs';
import { EtherloomError } from '../../errors.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { PipePort } from '../../ports/stream/pipe-port.ts';
import { sharedEnd } from '../../system/pipe.ts';
import { describePlug, openPlace, openStandard } from '../plug-end.ts';
import { plugPlace } from '../plug-name.ts';

/**
 * One side of a filter. `standard` is the command before the filter, on standard input and output. `alternate` is the command after it, on
 * the descriptors that dpipe names. Otherwise the filter opens a plug at the named place.
 */
export type FilterSide = 'standard' | 'alternate' | { readonly plug: string };

/** Both sides. Without a right side, frames are carried in one direction, from standard input to standard output. */
export interface Sides {
  readonly left: FilterSide;
  readonly right: FilterSide | undefined;
}

/** Returns the sides with these names; `-` is standard input and output. Throws EtherloomError('bad-option') if both are `-`. */
export function namedSides(left: string, right: string): Sides {
  if (left === '-' && right === '-')
    throw new EtherloomError('bad-option', 'both sides are standard input and output (-); name a plug for one of them');
  return { left: sideNamed(left), right: sideNamed(right) };
}

/** Splits `A:B` into two names; returns undefined if there are not exactly two. */
export function splitNames(text: string): readonly [string, string] | undefined {
  const [, left, right] = /^((?:[a-z][a-z\d+-]*:\/\/)?[^:]*):((?:[a-z][a-z\d+-]*:\/\/)?.*)$/.exec(text) ?? [];
  return left === undefined || right === undefined ? undefined : [left, right];
}

/** Returns the sides that dpipe provides. Without alternate descriptors, there is no right side. */
export function pipedSides(environment: NodeJS.ProcessEnv): Sides {
  return { left: 'standard', right: alternates(environment) ? 'alternate' : undefined };
}

/** Opens a side. Throws an EtherloomError with the remedy. */
export function openSide(side: FilterSide, environment: PortEnvironment): Promise<PlugEnd> {
  if (typeof side === 'object') return openPlace(plugPlace(side.plug), { description: describePlug('wirefilter:') }, environment);
  return Promise.resolve(side === 'standard' ? openStandard(environment, true) : openAlternate(environment));
}

function sideNamed(name: string): FilterSide {
  return name === '-' ? 'standard' : { plug: name };
}

function openAlternate(environment: PortEnvironment): PlugEnd {
  const descriptors = alternates(process.env);
  if (!descriptors)
    throw new EtherloomError('bad-option', 'the alternate descriptors are not open; start wirefilter by dpipe, between two commands');
  const [input, output] = descriptors;
  const ends = { input: sharedEnd(input, 'read'), output: sharedEnd(output, 'write') };
  const port = new PipePort({ description: 'the alternate descriptors', halfOpen: true, ...ends }, environment);
  return { port, [Symbol.asyncDispose]: () => port[Symbol.asyncDispose]() };
}

/**
 * Returns the alternate descriptors. Between `=}` and `}=`, dpipe also names them, but does not open them. Their numbers may then belong to
 * descriptors of Node, such as the two ends of its pipe for signals.
 */
export function alternates({ ALTERNATE_STDIN, ALTERNATE_STDOUT }: NodeJS.ProcessEnv): readonly [number, number] | undefined {
  const [input, output] = [Number(ALTERNATE_STDIN ?? NaN), Number(ALTERNATE_STDOUT ?? NaN)];
  const [from, to] = [streamAt(input), streamAt(output)];
  if (!from || !to || (from.isPipe && to.isPipe && from.ino === to.ino)) return undefined;
  return [input, output];
}

function streamAt(fd: number): { readonly ino: number; readonly isPipe: boolean } | undefined {
  if (!(Number.isInteger(fd) && fd > 2)) return undefined;
  try {
    const status = fstatSync(fd);
    return status.isFIFO() || status.isSocket() ? { ino: status.ino, isPipe: status.isFIFO() } : undefined;
  } catch {
    return undefined;
  }
}
