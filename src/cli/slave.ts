import { realClock } from '../clock.ts';
import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { openLog } from '../daemon/log.ts';
import { serve } from '../daemon/serve.ts';
import { Slave } from '../launcher/slave.ts';
import type { Quality } from '../ports/impairment.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { realRandom } from '../random.ts';
import { backlogBounds, checkPlain, guestWish, type NodeArguments } from './node-arguments.ts';

/** What `etherloom slave` was given, as commander reads it. */
export interface SlaveArguments extends NodeArguments {
  readonly master: string;
  readonly id?: number;
  readonly impair?: Quality;
}

/** `etherloom slave`: a host of a star. */
export async function runSlave(given: SlaveArguments, say: (line: string) => void): Promise<void> {
  const log = openLog('etherloom slave');
  const master = parseTcpAddress(given.master);
  checkPlain(master, given.plain, log.warn);
  await serve(async ({ signal, fail }) => {
    const { id, control: controlPort, linkMtu, impair } = given;
    const sock = given.sock ?? defaultSocketDirectory('slave');
    const state = given.state ?? defaultStateDirectory('slave', log.warn);
    say(`sock ${sock}`);
    const slave = await Slave.open(
      { master, controlPort, id, sock, state, linkMtu, impair, guest: guestWish(given), backlog: backlogBounds(given) },
      { clock: realClock, random: realRandom, log, signal },
      fail,
    );
    say(`id ${slave.id}`);
    return slave;
  });
}
