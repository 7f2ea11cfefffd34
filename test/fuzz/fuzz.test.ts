import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { replay, runEpisode } from './episode.ts';
import { keptFor } from './kept.ts';
import { targets } from './targets/all.ts';

const inputs = 200_000;

/** The same each time: what fails here fails again. */
const firstSeed = 1;

describe.each(targets)('$name', (target) => {
  it.each(keptFor(target.name))('does not fail any more by $name', ({ inputs }) => replay(target, inputs));

  it('takes the inputs that it begins with', () => replay(target, target.seeds()));

  it('is given the same inputs by the same seed', () => {
    expect(recorded(5)).toEqual(recorded(5));
    expect(recorded(5)).not.toEqual(recorded(6));

    function recorded(seed: number): string[] {
      const taken: string[] = [];
      const take = (input: Uint8Array): void => void taken.push(Buffer.from(input).toString('hex'));
      runEpisode({ ...target, open: () => ({ take }) }, seed);
      return taken;
    }
  });
});

describe('the fuzzer', () => {
  let said = '';
  let status: number | null;

  beforeAll(async () => {
    const start = fileURLToPath(new URL('start.mjs', import.meta.url));
    // A process of its own: one that hangs can be ended.
    const fuzzer = spawn(process.execPath, [start, '--inputs', String(inputs), '--from', String(firstSeed)]);
    fuzzer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    fuzzer.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    status = await new Promise((resolve) => fuzzer.once('close', resolve));
  }, 600_000);

  it.each(targets)(`finds nothing wrong with $name in ${inputs} inputs, and no growth`, ({ name }) => {
    const line = said.split('\n').find((one) => one.startsWith(`${name}: `)) ?? said;
    expect(line).toMatch(/inputs, \d+\/s, heap grew by -?\d+ KiB$/);
    expect(Number(/(\d+) inputs/.exec(line)?.[1])).toBeGreaterThanOrEqual(inputs);
  });

  it('ends as it should', () => {
    expect(status, said).toBe(0);
  });
});
