import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Files } from '../../src/management/files.ts';
import type { Managed } from '../../src/management/managed.ts';
import { allEffects, Operation, PromisedOperation, Refusal, type AnyOperation } from '../../src/management/operation.ts';
import { operationTable } from '../../src/management/schemas/operation-table.ts';

const folder = join(import.meta.dirname, '../../src/management/operations');
const exported = await Promise.all(
  readdirSync(folder).map(async (file) => Object.values((await import(join(folder, file))) as Record<string, unknown>)),
);
const all = exported.flat().filter((one) => one instanceof Operation || one instanceof PromisedOperation) as AnyOperation<never, unknown>[];

const untouchable = new Proxy({}, { get: (_, name) => expect.unreachable(`${String(name)} was touched`) as unknown });

describe('the table of operations', () => {
  it('has every operation once', () => {
    expect(operationTable.map(({ operation }) => operation.name).sort()).toEqual(all.map(({ name }) => name).sort());
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  it('can be described to others', () => {
    for (const { args } of operationTable) expect(z.toJSONSchema(args)).toMatchObject({ type: 'object' });
  });
});

describe.each(all)('$name', (operation) => {
  it('names an effect that rights know', () => expect(allEffects).toContain(operation.effect));

  it('is refused to a caller without that effect, and then touches nothing', async () => {
    const may = new Set([...allEffects].filter((effect) => effect !== operation.effect));
    const refusal = await operation.run(untouchable as Managed, untouchable as never, { may, files: untouchable as Files });
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).status).toBe('EPERM');
  });

  it('changes settings only when it does more than read', () => {
    if (operation.setting) expect(operation.effect).not.toBe('reads');
  });
});
