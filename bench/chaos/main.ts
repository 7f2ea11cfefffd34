/** `npm run chaos`, behind start.mjs. Ends with 1 when a star did not come back as it was, with 2 when it was told nonsense. */
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { runProof } from '../harness/proof.ts';
import { chaosArguments, usage } from './arguments.ts';
import { chaos, summary } from './chaos.ts';

await runProof({
  usage,
  read: (argv) => chaosArguments(argv, Math.floor(Date.now() / 1000)),
  obstacle: () => reasonWithoutNamespaces(),
  run: async (given, workplace) => {
    const begun = performance.now();
    console.log(`the seed is ${given.seed}`);
    const { recoveries, faults } = await chaos(given, workplace, (line) => console.log(line));
    for (const fault of faults) console.log(`WRONG: ${fault}`);
    for (const line of summary(recoveries, given.ways)) console.log(line);
    console.log(`${recoveries.length} faults, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const kept =
      'all stations reached each other again; ids, keys, MAC addresses and leases are what they were, and nothing is left behind';
    console.log(faults.length === 0 ? kept : `NOT WHOLE: --seed ${given.seed}`);
    return faults.length === 0;
  },
});
