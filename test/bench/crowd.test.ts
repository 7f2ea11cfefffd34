import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { crowdArguments } from '../../bench/crowd/arguments.ts';

interface Ended {
  readonly stdout: string;
  readonly code?: number;
}

function run(command: readonly string[]): Promise<Ended> {
  return promisify(execFile)(process.execPath, [...command]).catch((error: unknown) => error as Ended);
}

describe('the measurement of a crowd', () => {
  it.each([
    ['of slaves', []],
    ['of light members', ['--light', '2']],
  ])('lets each %s join, and come back after the master was killed', { timeout: 180_000 }, async (_, more) => {
    const bounds = ['--members', '5', '--kills', '1', '--join-within', '150', '--back-within', '150'];
    const command = ['bench/crowd/start.mjs', '--as-built', ...bounds, ...more];
    const { stdout, code } = await run(command);
    expect(stdout).toMatch(/^5 slaves joined and linked after /m);
    expect(stdout).toMatch(/^all are linked again /m);
    expect(stdout).toMatch(/^the ids have no gaps, and all members are what they were$/m);
    expect(code).toBeUndefined();
  });

  it('has options, and refuses those that make no sense', () => {
    expect(crowdArguments([])).toEqual({ members: 200, processes: undefined, kills: 3, joinWithin: 60, backWithin: 60 });
    expect(crowdArguments(['--light', '2'])).toMatchObject({ processes: 2, backWithin: 5 });
    for (const wrong of [
      ['--members', '0'],
      ['--light', '0'],
      ['--kills', 'x'],
    ])
      expect(() => crowdArguments(wrong)).toThrow();
  });
});
