// `npm run fuzz`, behind start.mjs.
import { readFileSync } from 'node:fs';
import { fuzzArguments, usage, type FuzzArguments } from './arguments.ts';
import { runJobs, type Report } from './crew.ts';
import { FuzzFailure, replay, runEpisode, shrink } from './episode.ts';
import { formatInputs, parseInputs } from './kept.ts';
import { targetNamed, targets, targetsNamed } from './targets/all.ts';

const all = 10_000_000;

/** The most octets that a target may leave on the heap in one run: it makes gigabytes. */
const mostGrown = 8_388_608;

try {
  const wish = fuzzArguments(process.argv.slice(2), Math.floor(Date.now() / 1000));
  const good = wish.do === 'run' ? await run(wish) : once(wish);
  process.exitCode = good ? 0 : 1;
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}

async function run({ targets: names, inputs, from }: Extract<FuzzArguments, { do: 'run' }>): Promise<boolean> {
  const chosen = names.length > 0 ? names.flatMap(targetsNamed) : targets;
  const share = inputs === 'share of 10 million' ? Math.ceil(all / chosen.length) : inputs;
  const start = performance.now();
  let done = 0;
  let grown = true;
  const good = await runJobs(
    chosen.map(({ name }) => ({ target: name, from, inputs: share })),
    (report) => {
      console.log(described(report));
      if (report.failed) return;
      done += report.inputs;
      grown &&= report.grown < mostGrown;
    },
  );
  const seconds = (performance.now() - start) / 1000;
  console.log(`${done} inputs in ${seconds.toFixed(1)} s, ${Math.round(done / seconds)}/s; the first seed was ${from}`);
  return good && grown;
}

function described(report: Report): string {
  const { target } = report.job;
  if (!report.failed) {
    const { inputs, milliseconds, grown } = report;
    const growth = `${(grown / 1024).toFixed(0)} KiB${grown < mostGrown ? '' : ': IT GROWS'}`;
    return `${target}: ${inputs} inputs, ${Math.round((inputs / milliseconds) * 1000)}/s, heap grew by ${growth}`;
  }
  const { seed, why, inputs } = report;
  const last = inputs.trimEnd().split('\n').at(-1) ?? '';
  return `${target}: FAILED with seed ${seed}: ${why.slice(0, 2_000)}\nby the input ${last}\nnpm run fuzz -- --target ${target} --seed ${seed}`;
}

function once(wish: Exclude<FuzzArguments, { do: 'run' }>): boolean {
  const target = targetNamed(wish.target);
  try {
    if (wish.do === 'repeat') runEpisode(target, wish.seed);
    else replay(target, parseInputs(readFileSync(wish.file, 'utf8')));
    console.log('it does not fail');
    return true;
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    const fewest = shrink(target, error.inputs);
    console.log(`${error.message.slice(0, 4_000)}\nthe fewest inputs, of ${error.inputs.length}:\n${formatInputs(fewest)}`);
    return false;
  }
}
