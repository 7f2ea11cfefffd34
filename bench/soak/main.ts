/** Runs the soak. Ends with 1 when something was wrong, with 2 when it was told nonsense. */
import { fileURLToPath } from 'node:url';
import { Workplace } from '../harness/workplace.ts';
import { parseSoakArguments, usage, type SoakArguments } from './arguments.ts';
import { soak } from './soak.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let given: SoakArguments;
  try {
    given = parseSoakArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  await using workplace = new Workplace({ ours: fileURLToPath(new URL('../../../../..', import.meta.url)) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void workplace[Symbol.asyncDispose]().then(() => process.exit(1)));
  }
  const began = performance.now();
  const tell = (line: string): void =>
    void process.stdout.write(`${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${line}\n`);
  const faults = await soak(given, workplace, tell);
  for (const fault of faults) process.stdout.write(`WRONG: ${fault}\n`);
  process.stdout.write(
    faults.length === 0
      ? 'sound: memory and descriptors are what they were, all frames are accounted for, and nothing has stopped\n'
      : 'NOT SOUND\n',
  );
  return faults.length === 0 ? 0 : 1;
}
