import { renewIdentity } from '../launcher/new-identity.ts';
import { print } from './print.ts';

/** Implements `etherloom identity new`: a new key, at a copy of a state directory. Throws EtherloomError: `busy`, `system`. */
export async function runIdentityNew(state: string): Promise<void> {
  print(`${await renewIdentity(state)}\n`);
}
