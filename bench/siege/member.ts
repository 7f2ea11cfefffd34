import { mkdirSync } from 'node:fs';
import { realClock } from '../../src/clock.ts';
import { logTo } from '../../src/log.ts';
import { Slave } from '../../src/launcher/slave.ts';
import { realRandom } from '../../src/random.ts';
import { parseInvitation } from '../../src/star/invitation.ts';

/** How long a member may take to be linked, in milliseconds. */
const patience = 60_000;

/** A member of a star that goes and comes back, in this process. */
export class Member implements AsyncDisposable {
  readonly #directory: string;
  readonly #line: string;
  #slave: Slave | undefined;

  private constructor(directory: string, line: string) {
    this.#directory = directory;
    this.#line = line;
  }

  /** Joins by a line. */
  static async join(directory: string, line: string): Promise<Member> {
    mkdirSync(directory);
    const member = new Member(directory, line);
    await member.back();
    return member;
  }

  /** Goes, and comes back. Resolves to the milliseconds from its start until its link is up. */
  async back(): Promise<number> {
    await this.#slave?.[Symbol.asyncDispose]();
    const logged: string[] = [];
    const began = performance.now();
    const linked = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the member is not back; it said:\n${logged.join('\n')}`)), patience);
      const log = logTo((message) => {
        logged.push(message);
        if (!message.startsWith('linked to')) return;
        clearTimeout(late);
        resolve();
      });
      Slave.open(
        { sock: `${this.#directory}/sock`, state: `${this.#directory}/state`, join: { invitation: parseInvitation(this.#line) } },
        { clock: realClock, random: realRandom, log, signal: new AbortController().signal, end: () => undefined },
        reject,
      ).then((slave) => (this.#slave = slave), reject);
    });
    await linked;
    return performance.now() - began;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slave?.[Symbol.asyncDispose]();
  }
}
