/** Runs the soak. Ends with 1 when something was wrong, with 2 when it was told nonsense. */
import { runProof } from '../harness/proof.ts';
import { parseSoakArguments, usage } from './arguments.ts';
import { soak } from './soak.ts';

await runProof({
  usage,
  read: parseSoakArguments,
  run: async (given, workplace) => {
    const began = performance.now();
    const tell = (line: string): void => console.log(`${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${line}`);
    const faults = await soak(given, workplace, tell);
    for (const fault of faults) console.log(`WRONG: ${fault}`);
    const sound = 'sound: memory and descriptors are what they were, all frames are accounted for, and nothing has stopped';
    console.log(faults.length === 0 ? sound : 'NOT SOUND');
    return faults.length === 0;
  },
});
