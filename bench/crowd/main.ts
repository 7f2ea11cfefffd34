/** `npm run crowd`, behind start.mjs. Ends with 1 when something went wrong, with 2 when it was told nonsense. */
import { runProof } from '../harness/proof.ts';
import { crowdArguments, usage } from './arguments.ts';
import { crowd } from './crowd.ts';

await runProof({
  usage,
  read: crowdArguments,
  run: async (given, workplace) => {
    const faults = await crowd(given, workplace, (line) => console.log(line));
    for (const fault of faults) console.log(`WRONG: ${fault}`);
    if (faults.length === 0) console.log('the ids have no gaps, and all members are what they were');
    return faults.length === 0;
  },
});
