import { describe, expect, it } from 'vitest';
import { operationTable } from '../../src/management/schemas/operation-table.ts';
import type { StarPart } from '../../src/management/parts/star.ts';
import { savers } from '../../src/management/settings/savers.ts';
import { dhcpMenu } from '../../src/vde-console/menus/dhcp.ts';
import { starMenu } from '../../src/vde-console/menus/star.ts';
import { ConsoleStage } from '../vde-console/console-stage.ts';

/** The commands of a session: they change or show nothing of the switch. */
const ofSession = [
  'help',
  'logout',
  'load',
  'debug/list',
  'debug/add',
  'debug/del',
  'plugin/list',
  'plugin/add',
  'plugin/del',
  'pdump/filename',
  'pdump/buffered',
];

/** The beginnings of the names of operations that the console does not have: the API alone has them. */
const ofApi: readonly string[] = ['metrics.', 'counters.', 'group.', 'token.'];

// A master's console has a command more than a slave's.
const stage = new ConsoleStage({ managed: { star: { members: () => [] } as unknown as StarPart } });
const session = stage.session();
for (const plugin of ['dump', 'pdump', 'iplog']) session.say(`plugin/add ${plugin}`);
for (const menu of [dhcpMenu, starMenu]) stage.console.add(menu(stage.managed));
const commands = stage.console.commands.filter(({ run }) => run !== undefined);

describe('the commands of the console', () => {
  it('run operations, but those of a session', () => {
    const plain = commands.filter(({ operations = [] }) => operations.length === 0).map(({ path }) => path);
    expect(plain.sort()).toEqual([...ofSession].sort());
  });

  it('run operations of the table', () => {
    const known = new Set<unknown>(operationTable.map(({ operation }) => operation));
    for (const { path, operations = [] } of commands)
      for (const one of operations) expect(known.has(one), `${path}: ${one.name}`).toBe(true);
  });

  it('reach every operation but those of the API', () => {
    const reached = new Set(commands.flatMap(({ operations = [] }): readonly unknown[] => operations));
    const missing = operationTable.filter(({ operation }) => !reached.has(operation)).map(({ operation }) => operation.name);
    expect(missing.filter((name) => !ofApi.some((beginning) => name.startsWith(beginning)))).toEqual([]);
  });
});

describe('the operations that change settings', () => {
  const settings = operationTable.filter(({ operation }) => operation.setting).map(({ operation }) => operation.name);

  it('are each saved by one saver, and no others are', () => {
    expect(savers.flatMap(({ saves }) => saves.map(({ name }) => name)).sort()).toEqual(settings.sort());
  });
});
