import { fileURLToPath } from 'node:url';
import type { LoadResult, LoadSpec, Place } from '../load/spec.ts';
import type { RunOptions } from './benchmark.ts';
import type { Sample } from './figures.ts';
import type { Namespace } from './namespace.ts';
import type { Workplace } from './workplace.ts';

/** A load, as far as a benchmark says it; the rest is as usual. */
export interface Load extends Pick<LoadSpec, 'stations' | 'processes'>, Partial<Omit<LoadSpec, 'stations' | 'processes'>> {}

/** How a load is run. */
export interface LoadOptions extends RunOptions {
  /** The only processor that it may run on. Default: any. */
  readonly processor?: number | undefined;
  /** Where it runs. Default: here. */
  readonly namespace?: Namespace;
}

/** The shortest frame that is worth one, in octets without a frame check sequence. */
export const smallFrame = 60;

/** Returns `count` stations on a switch. */
export function stationsAt(directory: string, count: number): Place[] {
  return Array.from({ length: count }, () => ({ directory }));
}

/** Runs a load process to its end. */
export async function runLoad(load: Load, workplace: Workplace, options: LoadOptions): Promise<LoadResult> {
  const { seconds, warmup, spin, processor, namespace } = options;
  const pingSeconds = Math.min(0.5, seconds / 2);
  const spec: LoadSpec = { idle: [], pattern: 'pair', frameSize: smallFrame, spin, warmup, seconds, pingSeconds, ...load };
  const program = fileURLToPath(new URL('../load/main.js', import.meta.url));
  const command = [process.execPath, program, JSON.stringify(spec)];
  const running = namespace ? namespace.start(command) : workplace.start(command, { processor });
  await running.line(/^ready$/);
  running.write('\n');
  const [result] = await running.line(/^\{.*\}$/, 30 + spec.warmup + spec.seconds + spec.pingSeconds);
  await running.exit(5);
  return JSON.parse(result) as LoadResult;
}

/** Returns the figures of a load's traffic and ping-pong. */
export function sampleOf(result: LoadResult): Sample {
  return {
    ...(result.delivered > 0 && {
      perProcessorSecond: result.delivered / result.processorSeconds,
      ...timesOf(result),
      deliveredPerSecond: result.delivered / result.seconds,
      lost: (100 * result.lost) / result.expected,
      processorShare: (100 * result.processorSeconds) / result.seconds,
      loadShare: (100 * result.loadProcessorSeconds) / result.seconds,
      othersShare: (100 * result.otherProcessorSeconds) / result.seconds,
    }),
    ...(result.roundTrips && { p50: result.roundTrips.p50, p99: result.roundTrips.p99, pingProcessor: result.roundTrips.processor }),
    memory: result.memory / 2 ** 20,
  };
}

/** Returns where the processor time of a frame goes, in microseconds; nothing where that is not known. */
function timesOf({ delivered, processorSeconds, userShare }: LoadResult): Sample {
  if (userShare === undefined) return {};
  const perFrame = (processorSeconds / delivered) * 1e6;
  return { userPerFrame: perFrame * userShare, systemPerFrame: perFrame * (1 - userShare) };
}
