import { realClock } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import type { ApiClient } from '../http/client.ts';
import type { ContenderView, GroupMemberView, GroupView, KickView, NewTokenView, ShortcutView } from '../management/parts/group.ts';
import { cleanText } from '../clean-text.ts';
import { shortNumber, shortRoundTrip, shortTime } from './amounts.ts';
import { clientOf, groupRoles, type ServiceArguments } from './chosen-service.ts';
import { tableOf, type Column } from './columns.ts';
import { nextPinLines } from './group-rekey.ts';
import { jsonLine } from './json-text.ts';
import { printNewToken } from './new-token.ts';
import { print } from './print.ts';

/** Implements `etherloom group`: shows the members. Throws the errors of `clientOf` and ApiClient, as all functions here. */
export async function runGroup(given: ServiceArguments): Promise<void> {
  const client = clientOf(given, groupRoles);
  const group = (await client.run('GET', 'group.show')) as GroupView;
  const members = await membersOf(client);
  if (given.json) print(jsonLine({ ...group, members }));
  else
    print(
      tableOf(columnsFor(members), members) +
        notesOn(members, [...shortcutLines(group.shortcuts), ...nextPinLines(group.nextPin, group.role)]),
    );
}

/** Implements `etherloom group kick ID`. */
export async function runKick(id: number, given: ServiceArguments & { readonly keepToken: boolean }): Promise<void> {
  const kicked = (await act(given, 'group.kick', { id, keepToken: given.keepToken })) as KickView;
  if (given.json) print(jsonLine(kicked));
  else print(`${kickText(kicked)}\n`);
}

/** Implements `etherloom group rename ID NAME`. */
export async function runRename(id: number, name: string, given: ServiceArguments): Promise<void> {
  const renamed = (await act(given, 'group.rename', { id, name })) as { readonly name: string };
  print(given.json ? jsonLine(renamed) : `member ${id} is ${cleanText(renamed.name)}\n`);
}

/** Implements `etherloom group replace ID`. */
export async function runReplace(id: number, given: ServiceArguments): Promise<void> {
  printNewToken((await act(given, 'group.replace', { id })) as NewTokenView, given);
}

/** Implements `etherloom group accept ID`. */
export async function runAccept(id: number, given: ServiceArguments): Promise<void> {
  await act(given, 'group.accept', { id });
  print(given.json ? jsonLine({ id }) : `member ${id} is accepted\n`);
}

/** Implements `etherloom group takeover ID [N]`: shows the processes with one key, or chooses one of them. */
export async function runTakeover(id: number, number: number | undefined, given: ServiceArguments): Promise<void> {
  if (number !== undefined) {
    await act(given, 'group.takeover', { id, number });
    print(given.json ? jsonLine({ id, number }) : `process ${number} is member ${id} as soon as it joins again, with a new key\n`);
    return;
  }
  const contenders = (await clientOf(given, groupRoles).run('GET', 'group.contenders', { id })) as readonly ContenderView[];
  if (given.json) print(jsonLine(contenders));
  else if (contenders.length === 0) print(`no process presents the key of member ${id} now\n`);
  else print(`${tableOf(contenderColumns, contenders)}\nLet one of them in by: etherloom group takeover ${id} N\n`);
}

/** Implements `etherloom group leave`. */
export async function runLeave(given: ServiceArguments): Promise<void> {
  await act(given, 'group.leave');
  print(given.json ? jsonLine({}) : 'this host has left the group\n');
}

/** Implements `etherloom group end`. */
export async function runEnd(given: ServiceArguments): Promise<void> {
  await act(given, 'group.end');
  print(given.json ? jsonLine({}) : 'the group has ended\n');
}

/** The options of `etherloom group wait`. `timeout` is in seconds; undefined: no limit. */
export interface WaitArguments extends ServiceArguments {
  readonly members: number;
  readonly timeout?: number;
}

/**
 * Implements `etherloom group wait`: resolves when so many members are linked. Throws EtherloomError('timed-out') if that takes too long,
 * `refused` if the service ends first.
 */
export async function runWait(given: WaitArguments): Promise<void> {
  const client = clientOf(given, groupRoles);
  const linked = await linkedMembers(client, given);
  if (given.json) print(jsonLine({ linked }));
}

/** How long the end of a service may follow its refusal, in milliseconds. */
const lastWord = 1000;

function linkedMembers(client: ApiClient, { members, timeout }: WaitArguments): Promise<number> {
  let linked = 0;
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(
        new EtherloomError('timed-out', `${linked} of ${members} members are linked after ${timeout} s; list them by: etherloom group`),
      );
    const timer = timeout === undefined ? undefined : realClock.after(timeout * 1000, late);
    const count = async (): Promise<void> => {
      linked = (await membersOf(client)).filter(({ role, state }) => role === 'slave' && state === 'linked').length;
      if (linked < members) return;
      timer?.[Symbol.dispose]();
      resolve(linked);
    };
    // A service that ends may refuse this one, and then ends the events: that is its last word.
    const look = (): void =>
      void count().catch((error: unknown) =>
        realClock.after(lastWord, () => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    const ended = (): void => reject(new EtherloomError('refused', `the service at ${client.path} has ended; start it again`));
    client.events(['member'], look, look).then(ended, reject);
  });
}

async function membersOf(client: ApiClient): Promise<readonly GroupMemberView[]> {
  return (await client.run('GET', 'group.members')) as readonly GroupMemberView[];
}

function act(given: ServiceArguments, name: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  return clientOf(given, groupRoles).run('POST', name, args);
}

function kickText({ id, name, token, revoked, others }: KickView): string {
  const who = `member ${id}, ${cleanText(name)}, is kicked, and its key is barred`;
  if (token === undefined) return who;
  const used = others === 0 ? 'no other member' : others === 1 ? '1 other member' : `${others} other members`;
  return `${who}; the token ${token}, by which ${used} came, ${revoked ? 'is revoked' : 'is kept'}`;
}

const columns: readonly Column<GroupMemberView>[] = [
  { title: 'ID', right: true, text: ({ id }) => String(id) },
  { title: 'NAME', text: ({ name }) => name, least: 8 },
  { title: 'STATE', text: ({ state, role }) => (role === 'master' ? role : state) },
  { title: 'HOST', text: ({ host }) => host ?? '-', least: 6 },
  { title: 'ADDRESS', text: ({ address }) => address ?? '-', least: 15 },
  { title: 'FOR', right: true, text: ({ since }) => ageOf(since) },
  { title: 'RTT', right: true, text: ({ link }) => (link?.roundTrip === undefined ? '-' : shortRoundTrip(link.roundTrip)) },
  { title: 'IN/s', right: true, text: ({ link }) => rateOf(link?.received.rate) },
  { title: 'OUT/s', right: true, text: ({ link }) => rateOf(link?.sent.rate) },
  { title: 'GUEST', text: ({ guest }) => guest?.state ?? '-', least: 5 },
  { title: 'VERSION', text: ({ version }) => version ?? '-', least: 7 },
];

const directColumn: Column<GroupMemberView> = {
  title: 'DIRECT',
  text: ({ shortcuts = [] }) => (shortcuts.length === 0 ? '-' : shortcuts.join(' ')),
  least: 6,
};

/** Returns the columns; that of shortcuts is there if any member has one. */
function columnsFor(members: readonly GroupMemberView[]): readonly Column<GroupMemberView>[] {
  const hasShortcuts = members.some(({ shortcuts = [] }) => shortcuts.length > 0);
  return hasShortcuts ? [...columns.slice(0, -2), directColumn, ...columns.slice(-2)] : columns;
}

const contenderColumns: readonly Column<ContenderView>[] = [
  { title: 'N', right: true, text: ({ number }) => String(number) },
  { title: 'HOST', text: ({ host }) => host ?? '-', least: 10 },
  { title: 'ADDRESS', text: ({ address }) => address, least: 20 },
  { title: 'SINCE', text: ({ since }) => new Date(since).toLocaleString('sv-SE') },
  { title: 'NOW', text: ({ present }) => (present ? 'the member' : 'refused') },
];

function rateOf(rate: number | undefined): string {
  return rate === undefined ? '-' : shortNumber(rate);
}

/** Returns how long ago an ISO time was: `3 h`. */
function ageOf(time: string | undefined): string {
  const age = Date.now() - Date.parse(time ?? '');
  return Number.isNaN(age) ? '-' : shortTime(Math.max(0, age / 1000));
}

/** Returns the lines about the shortcuts of a slave. */
function shortcutLines(shortcuts: GroupView['shortcuts'] = []): readonly string[] {
  return shortcuts.flatMap((one) => {
    const { id, address, port, seconds, received, sent } = one;
    const traffic = `${shortNumber(received.frames)} frames in, ${shortNumber(sent.frames)} out`;
    const refused = refusedOf(one).map((text) => `member ${id} sent frames by its shortcut that were refused: ${text}`);
    return [`shortcut to member ${id} at ${address}, port ${port}, for ${shortTime(seconds)}: ${traffic}`, ...refused];
  });
}

/** Returns the counts of the frames that were refused at a link: `forged-arp 12, flooding 3`; nothing if there are none. */
function refusedOf(link: Pick<ShortcutView, 'refused'> | undefined): string[] {
  const counts = Object.entries(link?.refused ?? {}).map(([rule, frames]) => `${rule} ${frames}`);
  return counts.length === 0 ? [] : [counts.join(', ')];
}

/** Returns the lines about members that need an operator, and then those about the group. */
function notesOn(members: readonly GroupMemberView[], more: readonly string[]): string {
  const ofMembers = members.flatMap(({ id, name, state, contenders, link }) => [
    ...refusedOf(link).map((text) => `member ${id}, ${cleanText(name)}, sent frames that were refused: ${text}`),
    ...(state === 'waiting' ? [`member ${id}, ${cleanText(name)}, waits: etherloom group accept ${id}`] : []),
    ...(contenders > 1 ? [`the key of member ${id}, ${cleanText(name)}, was copied: etherloom group takeover ${id}`] : []),
  ]);
  const notes = [...ofMembers, ...more];
  return notes.length === 0 ? '' : `\n${notes.join('\n')}\n`;
}
