import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { dirname } from 'node:path';
import type { BenchmarkResult } from './results.ts';

/** Returns where the raw figures of a run that began at `began` go by default. */
export function defaultRawPath(began: Date): string {
  return `bench/results/${began.toISOString().replace(/[:.]/g, '-')}.json`;
}

/** Writes all figures of all rounds, and of what machine they are. */
export function writeRaw(path: string, began: Date, options: object, results: readonly BenchmarkResult[]): void {
  const machine = {
    processors: availableParallelism(),
    model: cpus()[0]?.model,
    kernel: release(),
    node: process.version,
    load: loadavg(),
    commit: commit(),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ began: began.toISOString(), options, machine, results }, undefined, 2)}\n`);
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined; // no git, or no repository
  }
}
