import { EtherloomError } from '../../errors.ts';
import type { Random } from '../../random.ts';
import { decodeJoinMessage } from '../message-codec.ts';
import { isNodeKey } from '../node-key.ts';
import { decodeSlaveMemory, encodeSlaveMemory, type SlaveMemory, type SlaveStore } from '../slave-memory.ts';
import type { StateFiles } from '../state-files.ts';

/** The file of a slave's membership. It may hold a secret, and only its user can read it. */
export const membershipFile = 'membership.json';

const plainKeyFile = 'node-key';
/** The last answer of the master, as version 0.2.0 kept it. */
const oldWelcomeFile = 'welcome.json';

/** The membership of a slave in its state directory. */
export class SlaveFiles implements SlaveStore {
  readonly #state: StateFiles;
  /** The text that is on the disk, if that is known. */
  #text: string | undefined;

  constructor(state: StateFiles) {
    this.#state = state;
  }

  load(): Promise<SlaveMemory | undefined> {
    return new Promise((resolve) => {
      this.#text = this.#state.read(membershipFile);
      resolve(readMembership(this.#state));
    });
  }

  /** Writes nothing that is there already: a slave that is known comes back on a disk that takes nothing. */
  async save(memory: SlaveMemory): Promise<void> {
    const text = encodeSlaveMemory(memory);
    if (text === this.#text) return;
    this.#text = undefined;
    await this.#state.write(membershipFile, text);
    this.#text = text;
  }
}

/** Returns the membership in a state directory; undefined if there is none. Throws EtherloomError `bad-state` if it is damaged, or SystemError. */
export function readMembership(state: Pick<StateFiles, 'in' | 'read'>): SlaveMemory | undefined {
  const text = state.read(membershipFile);
  if (text === undefined) return readOld(state);
  const memory = decodeSlaveMemory(text);
  if (memory) return memory;
  throw new EtherloomError('bad-state', `${state.in(membershipFile)} is damaged; remove it, and join by a new line`);
}

/** Returns the key of a slave in the plain star, which it makes once. Throws EtherloomError `bad-state` if it is damaged, or SystemError. */
export async function plainKeyOf(state: StateFiles, random: Random): Promise<string> {
  const known = state.read(plainKeyFile)?.trim();
  if (known === undefined) {
    const key = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
    await state.write(plainKeyFile, `${key}\n`);
    return key;
  }
  if (isNodeKey(known)) return known;
  throw new EtherloomError('bad-state', `${state.in(plainKeyFile)} is damaged; remove it, and the slave joins as a new one`);
}

/** Reads the state of a plain slave of version 0.2.0. A damaged answer is like none: the master gives it again. */
function readOld(state: Pick<StateFiles, 'read'>): SlaveMemory | undefined {
  const key = state.read(plainKeyFile)?.trim();
  const message = decodeJoinMessage(state.read(oldWelcomeFile)?.trim() ?? '');
  return key === undefined || message?.type !== 'welcome' ? undefined : { addresses: [], key, welcome: message };
}
