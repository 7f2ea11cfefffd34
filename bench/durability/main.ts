/** `npm run durability`, behind start.mjs. Ends with 1 when a lease was lost or given twice, with 2 when it was told nonsense. */
import { runProof } from '../harness/proof.ts';
import { durabilityArguments, usage } from './arguments.ts';
import { durability } from './durability.ts';

const mostFaults = 20;

await runProof({
  usage,
  read: (argv) => durabilityArguments(argv, Math.floor(Date.now() / 1000)),
  run: async (given, workplace) => {
    const begun = performance.now();
    console.log(`the seed is ${given.seed}`);
    const { kills, acks, kept, compactions, interrupted, faults } = await durability(given, workplace, (line) => console.log(line));
    for (const fault of faults.slice(0, mostFaults)) console.log(`WRONG: ${fault}`);
    if (faults.length > mostFaults) console.log(`and ${faults.length - mostFaults} faults more`);
    const journals = `${compactions} journals written anew, ${interrupted} kills in the midst of that`;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(`${kills} kills, ${acks} ACKs, ${kept} leases found after kills, ${journals}, ${seconds} s`);
    console.log(faults.length === 0 ? 'no lease was lost, and none was given to two' : `NOT DURABLE: --seed ${given.seed}`);
    return faults.length === 0;
  },
});
