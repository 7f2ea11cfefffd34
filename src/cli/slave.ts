import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { checkPlain } from '../daemon/plain.ts';
import { say } from '../daemon/serve.ts';
import { Slave } from '../launcher/slave.ts';
import type { Quality } from '../impairment/impairment.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { commandFaces } from './command-faces.ts';
import { managementOf, runManagedService } from './managed-service.ts';
import { backlogBounds, cardWish, guestWish, nodePorts, sayCard, type NodeArguments } from './node-arguments.ts';

/** The options of `etherloom slave`, as commander parses them. */
export interface SlaveArguments extends NodeArguments {
  readonly master: string;
  readonly id?: number;
  readonly impair?: Quality;
}

/** Implements `etherloom slave`, a host of a star. Returns the exit status. */
export function runSlave(given: SlaveArguments): Promise<number> {
  return runManagedService('slave', given, async (environment) => {
    const { warn } = environment.log;
    const { id, control: controlPort, linkMtu, impair } = given;
    const master = parseTcpAddress(given.master);
    checkPlain(master, given.plain, warn);
    const ports = nodePorts(given, warn);
    const sock = given.sock ?? defaultSocketDirectory('slave');
    const state = given.state ?? defaultStateDirectory('slave', warn);
    say(`sock ${sock}`);
    const slave = await Slave.open(
      {
        master,
        controlPort,
        id,
        sock,
        state,
        ports,
        linkMtu,
        deadAfter: given.deadAfter * 1000,
        impair,
        guest: guestWish(given),
        card: cardWish(given),
        backlog: backlogBounds(given),
        management: { ...managementOf(given), faces: commandFaces({ role: 'slave', state, home: state }, environment.random) },
      },
      environment,
      environment.fail,
    );
    say(`id ${slave.id}`);
    sayCard(slave.card);
    return slave;
  });
}
