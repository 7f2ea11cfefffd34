/** `npm run shortcuts`, behind start.mjs. Ends with 1 when a frame went astray, with 2 when its arguments are wrong. */
import { fileURLToPath } from 'node:url';
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { Workplace } from '../harness/workplace.ts';
import { roundsArguments, usage, type RoundsArguments } from './arguments.ts';
import { runRounds, summary } from './rounds.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let given: RoundsArguments;
  try {
    given = roundsArguments(process.argv.slice(2), Math.floor(Date.now() / 1000));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const reason = reasonWithoutNamespaces('cables');
  if (reason !== undefined) {
    process.stderr.write(`${reason}\n`);
    return 2;
  }
  await using workplace = new Workplace({ ours: fileURLToPath(new URL('../..', import.meta.url)) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workplace[Symbol.asyncDispose]().then(() => process.exit(1)));
  }
  const begun = performance.now();
  console.log(`the seed is ${given.seed}`);
  const { rounds, faults } = await runRounds(given, workplace, (line) => console.log(line));
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  for (const line of summary(rounds)) console.log(line);
  console.log(`${rounds.length} rounds, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  const kept = 'no frame came twice, late or back to its sender, none was lost in calm times, and each path carried frames within a second';
  console.log(faults.length === 0 ? kept : `NOT SO: --seed ${given.seed}`);
  return faults.length === 0 ? 0 : 1;
}
