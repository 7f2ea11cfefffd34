import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { missing, namespaceFlags } from '../e2e/peers.ts';
import { searchPath } from '../e2e/running.ts';

/** Delay in milliseconds and loss in per cent of each direction, and the frames that each end sends ten times a second. */
const paths = [
  ['of 100 ms that loses a fifth, loaded', { delay: 100, loss: 20, seconds: 20, burst: 4 }],
  ['of 100 ms that loses more than a third, idle', { delay: 100, loss: 35, seconds: 20, burst: 0 }],
] as const;

describe('a TCP link over a path', { timeout: 90_000 }, () => {
  it.concurrent.for(paths)('%s, is not ended, but is soon after the path is cut', async ([, path], context) => {
    const reason = missing(['namespaces', 'ip']);
    if (reason !== undefined) context.skip(reason);
    const words = Object.values(path).map(String);
    const child = [
      process.execPath,
      '--import',
      join(import.meta.dirname, '../typescript.mjs'),
      join(import.meta.dirname, 'lossy-path-process.ts'),
    ];
    const env = { ...process.env, PATH: searchPath };
    const { stdout } = await promisify(execFile)(
      'unshare',
      [namespaceFlags() ?? '', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...child, ...words],
      { env },
    );
    const { losses, frames, lost, noticed } = JSON.parse(stdout) as Readonly<
      Record<'losses' | 'frames', number[]> & Record<'lost' | 'noticed', number>
    >;
    expect(lost).toBeGreaterThan(10);
    expect(losses).toEqual([0, 0]);
    for (const count of frames) expect(count).toBeGreaterThanOrEqual(path.burst * 20);
    expect(noticed).toBeGreaterThan(2500);
    expect(noticed).toBeLessThan(20_000);
  });
});
