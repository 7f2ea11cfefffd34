import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { searchPath } from '../e2e/running.ts';

/** Debian keeps `ip` and `tc` out of an ordinary user's PATH. */
const env = { ...process.env, PATH: searchPath };

/** The flags of `unshare` that give a network which can be cut; undefined when none do. */
const flags = ['-Urn', '-n'].find((candidate) => {
  const cut = 'ip link set lo up && tc qdisc add dev lo root blackhole';
  return spawnSync('unshare', [candidate, 'sh', '-c', cut], { env }).status === 0;
});

const noNetwork = 'this machine has no network namespaces for this user (unshare, ip, tc)';
if (flags === undefined && process.env['CI'] !== undefined) throw new Error(`${noNetwork}, and CI must have them`);

describe('a TCP link whose network is cut', () => {
  it.concurrent.for(['idle', 'loaded'])(
    'is given up at both ends after some 5 s when it is %s, with nothing left in the backlog',
    async (traffic, { skip }) => {
      skip(flags === undefined, noNetwork);
      const typescript = join(import.meta.dirname, '../typescript.mjs');
      const child = [process.execPath, '--import', typescript, join(import.meta.dirname, 'dead-peer-process.ts'), traffic];
      const { stdout } = await promisify(execFile)('unshare', [flags ?? '', ...child], { env });
      const { first, last, budget } = JSON.parse(stdout) as { first: number; last: number; budget: number };
      expect(last).toBeLessThanOrEqual(7000);
      expect(first).toBeGreaterThan(1000);
      expect(budget).toBe(0);
    },
  );
});
