/** `npm run chaos`, behind start.mjs. Ends with 1 when a star did not come back as it was, with 2 when it was told nonsense. */
import { fileURLToPath } from 'node:url';
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { Workplace } from '../harness/workplace.ts';
import { chaosArguments, usage, type ChaosArguments } from './arguments.ts';
import { chaos, summary } from './chaos.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let given: ChaosArguments;
  try {
    given = chaosArguments(process.argv.slice(2), Math.floor(Date.now() / 1000));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const reason = reasonWithoutNamespaces();
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
  const { recoveries, faults } = await chaos(given, workplace, (line) => console.log(line));
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  for (const line of summary(recoveries, given.ways)) console.log(line);
  console.log(`${recoveries.length} faults, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  const kept = 'all stations reached each other again; ids, keys, MAC addresses and leases are what they were, and nothing is left behind';
  console.log(faults.length === 0 ? kept : `NOT WHOLE: --seed ${given.seed}`);
  return faults.length === 0 ? 0 : 1;
}
