import type { NewTokenView, TokenView } from '../management/parts/group.ts';
import { clientOf, type ServiceArguments } from './chosen-service.ts';
import { tableOf, type Column } from './columns.ts';
import { jsonLine } from './json-text.ts';
import { printNewToken } from './new-token.ts';
import { print } from './print.ts';

/** The options of `etherloom token new`. `expires` is in seconds. */
export interface NewTokenArguments extends ServiceArguments {
  readonly uses?: number | 'any';
  readonly expires?: number;
  readonly id?: number;
  readonly name?: string;
  readonly ephemeral: boolean;
}

/** Implements `etherloom token new`. Throws the errors of `clientOf` and ApiClient, as all functions here. */
export async function runTokenNew(given: NewTokenArguments): Promise<void> {
  const { uses, expires, id, name, ephemeral } = given;
  printNewToken((await client(given).run('POST', 'token.new', { uses, expires, id, name, ephemeral })) as NewTokenView, given);
}

/** Implements `etherloom token list`. */
export async function runTokenList(given: ServiceArguments): Promise<void> {
  const tokens = (await client(given).run('GET', 'token.list')) as readonly TokenView[];
  if (given.json) print(jsonLine(tokens));
  else print(tokens.length === 0 ? 'there are no tokens; make one by: etherloom token new\n' : tableOf(columns, tokens));
}

/** Implements `etherloom token revoke ID`. */
export async function runTokenRevoke(id: string, given: ServiceArguments): Promise<void> {
  await client(given).run('POST', 'token.revoke', { id });
  print(given.json ? jsonLine({ id }) : `the token ${id} is revoked\n`);
}

function client(given: ServiceArguments): ReturnType<typeof clientOf> {
  return clientOf(given, ['master']);
}

const columns: readonly Column<TokenView>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'STATE', text: ({ state }) => state.replace('-', ' ') },
  { title: 'USED', right: true, text: ({ used, uses }) => `${used} of ${uses}` },
  { title: 'MADE', text: ({ made }) => timeOf(made) },
  { title: 'EXPIRES', text: ({ expires }) => timeOf(expires) },
  { title: 'FOR', text: purposeOf, least: 12 },
];

function purposeOf({ member, ephemeral }: TokenView): string {
  const id = member.id === undefined ? '' : `id ${member.id}`;
  return [id, member.name, ephemeral ? 'ephemeral' : ''].filter(Boolean).join(', ') || 'any host';
}

/** Returns an ISO time as local time: `2026-11-30 04:21`. */
function timeOf(time: string): string {
  return new Date(time).toLocaleString('sv-SE').slice(0, 16);
}
