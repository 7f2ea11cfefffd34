import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { unixEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import * as sockets from '../../src/system/unix-socket.ts';
import { descriptors, newDirectory } from './rig.ts';

vi.mock('../../src/system/unix-socket.ts', { spy: true });

it('leaves neither a descriptor nor a file where a socket cannot listen', async () => {
  const path = join(newDirectory(), 'nic');
  const before = descriptors();
  vi.mocked(sockets.listen).mockImplementationOnce(() => {
    throw new Error('it cannot listen');
  });
  await expect(unixEndpoint(path).listen()).rejects.toThrow('it cannot listen');
  expect(existsSync(path)).toBe(false);
  expect(descriptors()).toBe(before);
  // As soon as it can, nothing is in the way.
  (await unixEndpoint(path).listen()).close();
});
