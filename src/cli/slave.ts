import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { checkPlain } from '../daemon/plain.ts';
import { say } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import type { Quality } from '../impairment/impairment.ts';
import { libvirtElement, qemuWords } from '../launcher/guest/card-text.ts';
import type { JoinWish } from '../launcher/group-slave.ts';
import { joinedCard } from '../launcher/own-card.ts';
import { makeTemporaryState, removeTemporaryState } from '../launcher/temporary-state.ts';
import { Slave, type SlaveOptions } from '../launcher/slave.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { runManagedService } from './managed-service.ts';
import { backlogBounds, cardWish, guestWish, nodeFaces, nodePorts, sayCard, type NodeArguments } from './node-arguments.ts';
import { print } from './print.ts';

/** The options of `etherloom slave`, as commander parses them. */
export interface SlaveArguments extends NodeArguments {
  readonly master?: string;
  readonly control?: number;
  readonly printQemu: boolean;
  readonly id?: number;
  readonly impair?: Quality;
  readonly shortcutPort?: number;
}

/** The options of every slave. */
type CommonArguments = Omit<SlaveArguments, 'master' | 'control' | 'printQemu'>;

/** Implements `etherloom slave`, a host of a star: a joined one, or a plain one with `--master`. Returns the exit status. */
export async function runSlave(given: SlaveArguments): Promise<number> {
  if (given.printQemu) return printQemu(given);
  if (given.master === undefined) return runJoinedSlave(given, {});
  const master = parseTcpAddress(given.master);
  return run('slave', given, { plain: { master, controlPort: given.control } }, (warn) => checkPlain(master, given.plain, warn));
}

/** Runs a slave on a state directory that has joined, or joins it first. Returns the exit status. */
export function runJoinedSlave(given: CommonArguments, join: JoinWish): Promise<number> {
  return run('slave', given, { join }, () => undefined);
}

type Way = Pick<SlaveOptions, 'plain' | 'join'>;
type Check = (warn: (message: string) => void) => void;

async function run(role: string, given: CommonArguments, way: Way, check: Check): Promise<number> {
  if (way.join?.ephemeral !== true || given.state !== undefined) return runIn(role, given, way, check);
  // For its sockets and its guest: the key is in memory only.
  const state = await makeTemporaryState(defaultSocketDirectory('ephemeral-'));
  try {
    return await runIn(role, { ...given, state }, way, check);
  } finally {
    await removeTemporaryState(state);
  }
}

function runIn(role: string, given: CommonArguments, way: Way, check: Check): Promise<number> {
  return runManagedService(role, given, async (environment) => {
    const { warn } = environment.log;
    const { id, linkMtu, impair } = given;
    check(warn);
    const shortcuts = shortcutWish(given);
    const ports = nodePorts(given, warn);
    const sock = given.sock ?? defaultSocketDirectory('slave');
    const state = given.state ?? defaultStateDirectory('slave', warn);
    const { management, standing } = await nodeFaces(given, { role: 'slave', state }, environment);
    say(`sock ${sock}`);
    const slave = await Slave.open(
      {
        ...way,
        id,
        sock,
        state,
        ports,
        linkMtu,
        deadAfter: given.deadAfter * 1000,
        impair,
        shortcuts,
        guest: guestWish(given),
        card: cardWish(given),
        backlog: backlogBounds(given),
        management,
      },
      { ...environment, standing },
      environment.fail,
    );
    say(`id ${slave.id}`);
    sayCard(slave.card);
    if (way.join?.only === true) environment.end();
    return slave;
  });
}

/** Returns the wishes for links to other slaves. Throws EtherloomError('bad-option') for a port that would have no use. */
function shortcutWish({ shortcuts, shortcutPort: port }: CommonArguments): SlaveOptions['shortcuts'] {
  if (!shortcuts && port !== undefined)
    throw new EtherloomError('bad-option', '--shortcut-port has no effect with --no-shortcuts; leave out one of them');
  return shortcuts ? { port } : undefined;
}

/** Prints how to attach a QEMU to a slave that has joined, whether it runs or not. Returns the exit status. */
async function printQemu(given: SlaveArguments): Promise<number> {
  const directory = given.sock ?? defaultSocketDirectory('slave');
  const state = given.state ?? defaultStateDirectory('slave', () => undefined);
  const card = await joinedCard({ ...cardWish(given), directory, state });
  print(`${qemuWords(card)}\n${libvirtElement(card)}\n`);
  return 0;
}
