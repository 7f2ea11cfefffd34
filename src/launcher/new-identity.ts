import { StateDirectory } from '../daemon/state-directory.ts';
import type { Fingerprint } from '../star/fingerprint.ts';
import { replaceIdentity } from '../star/node/identity-files.ts';
import { membershipFile } from '../star/node/slave-files.ts';

/**
 * Makes a new key in a state directory, and returns its fingerprint. The membership of the old key is forgotten here first, so that a crash leaves
 * no new key with it. Throws EtherloomError: `busy` while a process uses the directory, or SystemError.
 */
export async function renewIdentity(path: string): Promise<Fingerprint> {
  await using state = StateDirectory.open(path);
  await state.remove(membershipFile);
  const { fingerprint } = await replaceIdentity(state);
  return fingerprint;
}
