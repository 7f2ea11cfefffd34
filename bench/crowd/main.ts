/** `npm run crowd`, behind start.mjs. Ends with 1 when something went wrong, with 2 when it was told nonsense. */
import { fileURLToPath } from 'node:url';
import { Workplace } from '../harness/workplace.ts';
import { crowdArguments, usage, type CrowdArguments } from './arguments.ts';
import { crowd } from './crowd.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let given: CrowdArguments;
  try {
    given = crowdArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  await using workplace = new Workplace({ ours: fileURLToPath(new URL('../..', import.meta.url)) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workplace[Symbol.asyncDispose]().then(() => process.exit(1)));
  }
  const faults = await crowd(given, workplace, (line) => console.log(line));
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  if (faults.length === 0) console.log('the ids have no gaps, and all members are what they were');
  return faults.length === 0 ? 0 : 1;
}
