/** `npm run shortcuts`, behind start.mjs. Ends with 1 when a frame went astray, with 2 when its arguments are wrong. */
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { runProof } from '../harness/proof.ts';
import { roundsArguments, usage } from './arguments.ts';
import { runRounds, summary } from './rounds.ts';

await runProof({
  usage,
  read: (argv) => roundsArguments(argv, Math.floor(Date.now() / 1000)),
  obstacle: () => reasonWithoutNamespaces('cables'),
  run: async (given, workplace) => {
    const begun = performance.now();
    console.log(`the seed is ${given.seed}`);
    const { rounds, faults } = await runRounds(given, workplace, (line) => console.log(line));
    for (const fault of faults) console.log(`WRONG: ${fault}`);
    for (const line of summary(rounds)) console.log(line);
    console.log(`${rounds.length} rounds, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    const kept =
      'no frame came twice, late or back to its sender, none was lost in calm times, and each path carried frames within a second';
    console.log(faults.length === 0 ? kept : `NOT SO: --seed ${given.seed}`);
    return faults.length === 0;
  },
});
