/** Runs the benchmarks that its arguments name. Ends with 1 when a run failed; a goal that is not met is no failure. */
import { availableParallelism, loadavg } from 'node:os';
import { benchmarks } from './benchmarks/all.ts';
import { parseArguments, usage, type Arguments } from './harness/arguments.ts';
import { defaultRawPath, writeRaw } from './harness/raw.ts';
import type { BenchmarkResult } from './harness/results.ts';
import { runRounds } from './harness/rounds.ts';
import { tableOf } from './harness/table.ts';
import type { Workplace } from './harness/workplace.ts';

const exitUsage = 2;
let occupied: Workplace | undefined;

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    void (async () => {
      await occupied?.[Symbol.asyncDispose]();
      process.exit(status);
    })();
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  let given: Arguments;
  try {
    given = parseArguments(
      process.argv.slice(2),
      benchmarks.map(({ name }) => name),
    );
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return exitUsage;
  }
  if (given.help) console.log(usage);
  else if (given.list) for (const { name, work } of benchmarks) console.log(`${name.padEnd(14)} ${work}`);
  else return run(given);
  return 0;
}

async function run({ names, rounds, caseText, seconds, spin, json, ours, against }: Arguments): Promise<number> {
  const began = new Date();
  const options = { rounds, caseText, seconds, warmup: Math.min(1, seconds / 2), spin, checkouts: { ours, peer: against } };
  const chosen = names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
  const results: BenchmarkResult[] = [];
  let failed = 0;
  console.log(`${rounds} rounds of ${seconds} s; ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(2) ?? '?'}`);
  for (const benchmark of chosen) {
    try {
      const occupy = (workplace: Workplace | undefined): void => void (occupied = workplace);
      const result = await runRounds(benchmark, { ...options, progress, occupy });
      results.push(result);
      progress('');
      console.log(`\n${tableOf(result).join('\n')}`);
    } catch (error) {
      failed++;
      progress('');
      console.error(`\n${benchmark.name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const path = json ?? defaultRawPath(began);
  writeRaw(path, began, options, results);
  console.log(`\nraw figures: ${path}`);
  return failed > 0 ? 1 : 0;
}

/** Shows the current work on a terminal. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
