import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from './amounts.ts';
import type { ServiceArguments } from './chosen-service.ts';
import type * as groupCommands from './group.ts';
import type { RekeyArguments } from './group-rekey.ts';
import type { WaitArguments } from './group.ts';
import { integer } from './option-values.ts';
import type * as tokenCommands from './token.ts';
import type { NewTokenArguments } from './token.ts';

/*
 * The commands that talk to a running service. Their code is loaded when one of them is run: the services themselves start without it.
 */

/** Adds the commands that show a running service, and those of its group. */
export function addServiceCommands(root: Command): void {
  addChoice(root.command('status').description('show a running switch, master or slave: ports, stations, leases')).action(
    async (given: ServiceArguments) => (await import('./status.ts')).runStatus(given),
  );
  addChoice(root.command('events').description('print the events of a running switch, master or slave as they occur')).action(
    async (given: ServiceArguments) => (await import('./events.ts')).runEvents(given),
  );
  addGroup(root);
  addToken(root);
}

const loadGroup = (): Promise<typeof groupCommands> => import('./group.ts');
const loadToken = (): Promise<typeof tokenCommands> => import('./token.ts');

function addGroup(root: Command): void {
  const group = addChoice(root.command('group').description('show the members of the group of a running master or slave, and change them'));
  // Its options stand before or after the name of a subcommand.
  const all = <Given extends ServiceArguments>(given: Given): Given => ({ ...group.opts(), ...given, json: isJson(group, given) });
  group.action(async (given: ServiceArguments) => (await loadGroup()).runGroup(given));
  const add = (name: string, what: string): Command => addChoice(group.command(name).description(what));
  const addOn = (name: string, what: string): Command => add(name, what).argument('<id>', 'id of the member', idOf);
  addOn('kick', 'bar the key of a member, revoke the token by which it joined, and end its connections')
    .option('--keep-token', 'leave the token valid for others', false)
    .action(async (id: number, given: ServiceArguments & { keepToken: boolean }) => (await loadGroup()).runKick(id, all(given)));
  addOn('rename', 'give a member another name')
    .argument('<name>', 'letters, digits and hyphens')
    .action(async (id: number, name: string, given: ServiceArguments) => (await loadGroup()).runRename(id, name, all(given)));
  addOn('replace', 'print a line by which another machine takes over the id of a member; its key is barred then').action(
    async (id: number, given: ServiceArguments) => (await loadGroup()).runReplace(id, all(given)),
  );
  addOn('accept', 'let in a member that waits, at a master with --approve').action(async (id: number, given: ServiceArguments) =>
    (await loadGroup()).runAccept(id, all(given)),
  );
  addOn('takeover', 'list the processes that present the key of one member, or let in one of them')
    .argument('[number]', 'the number of the process in that list', integer(1, 1000))
    .action(async (id: number, number: number | undefined, given: ServiceArguments) =>
      (await loadGroup()).runTakeover(id, number, all(given)),
    );
  add('wait', 'wait until members are linked; exit with 1 if that takes too long')
    .option('--members <n>', 'how many', integer(1, 65_535), 1)
    .option('--timeout <time>', 'how long to wait, in seconds or as 2m (default: without a limit)', seconds)
    .action(async (given: WaitArguments) => (await loadGroup()).runWait(all(given)));
  add('events', 'print the events of the members as they occur').action(async (given: ServiceArguments) =>
    (await import('./events.ts')).runGroupEvents(all(given)),
  );
  add('rekey', "change the master's key, which was stolen: at the master, once all members know the new one")
    .option('--now', 'change it at once: the members that do not know it must join again', false)
    .option('--cancel', 'keep the present key', false)
    .action(async (given: RekeyArguments) => (await import('./group-rekey.ts')).runRekey(all(given)));
  add('leave', 'leave the group, at a slave: its id is freed').action(async (given: ServiceArguments) =>
    (await loadGroup()).runLeave(all(given)),
  );
  add('end', 'end the group, at the master: all members are told, and stop').action(async (given: ServiceArguments) =>
    (await loadGroup()).runEnd(all(given)),
  );
}

function addToken(root: Command): void {
  const token = root.command('token').description('make, list and revoke the tokens by which hosts join the group of a running master');
  addChoice(token.command('new').description('print a line by which a host joins, one for each address of the master'))
    .option('--uses <n>', 'how many hosts may join by it, a number or any (default: 1)', uses)
    .option('--expires <time>', 'how long it is valid, as 30m, 2h or 7d (default: 24h)', duration)
    .option('--id <n>', 'the id of the member that joins by it', integer(1, 65_535))
    .option('--name <name>', 'the name of the member that joins by it')
    .option('--ephemeral', 'members keep their keys in memory, and are forgotten 60 s after they were last seen', false)
    .action(async (given: NewTokenArguments) => (await loadToken()).runTokenNew(given));
  addChoice(token.command('list').description('list the tokens, without their secrets')).action(async (given: ServiceArguments) =>
    (await loadToken()).runTokenList(given),
  );
  addChoice(token.command('revoke <id>').description('refuse further joins by a token')).action(
    async (id: string, given: ServiceArguments) => (await loadToken()).runTokenRevoke(id, given),
  );
}

/** Adds the options that choose a service, and the form of the output. */
function addChoice(command: Command): Command {
  return command
    .option('--state <dir>', "the service's --state (default: the one that runs)")
    .option('--sock <dir>', "the service's --sock")
    .option('--json', 'print JSON', false);
}

function isJson(parent: Command, { json }: ServiceArguments): boolean {
  return json || parent.opts<ServiceArguments>().json;
}

const idOf = integer(1, 65_535);

function uses(text: string): number | 'any' {
  return text === 'any' ? text : integer(1, 1_000_000)(text);
}

function duration(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new InvalidArgumentError('It must be a whole number with s, m, h or d behind it, as 30m or 2h.');
  return parsed;
}

function seconds(text: string): number {
  return /^\d+$/.test(text) ? integer(1, 1_000_000)(text) : duration(text);
}
