/** `npm run durability`, behind start.mjs. Ends with 1 when a lease was lost or given twice, with 2 when it was told nonsense. */
import { fileURLToPath } from 'node:url';
import { Workplace } from '../harness/workplace.ts';
import { durabilityArguments, usage, type DurabilityArguments } from './arguments.ts';
import { durability } from './durability.ts';

const mostFaults = 20;

process.exitCode = await main();

async function main(): Promise<number> {
  let given: DurabilityArguments;
  try {
    given = durabilityArguments(process.argv.slice(2), Math.floor(Date.now() / 1000));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  await using workplace = new Workplace({ ours: fileURLToPath(new URL('../..', import.meta.url)) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workplace[Symbol.asyncDispose]().then(() => process.exit(1)));
  }
  const begun = performance.now();
  console.log(`the seed is ${given.seed}`);
  const { kills, acks, kept, compactions, interrupted, faults } = await durability(given, workplace, (line) => console.log(line));
  for (const fault of faults.slice(0, mostFaults)) console.log(`WRONG: ${fault}`);
  if (faults.length > mostFaults) console.log(`and ${faults.length - mostFaults} faults more`);
  const journals = `${compactions} journals written anew, ${interrupted} kills in the midst of that`;
  console.log(
    `${kills} kills, ${acks} ACKs, ${kept} leases found after kills, ${journals}, ${((performance.now() - begun) / 1000).toFixed(0)} s`,
  );
  console.log(faults.length === 0 ? 'no lease was lost, and none was given to two' : `NOT DURABLE: --seed ${given.seed}`);
  return faults.length === 0 ? 0 : 1;
}
