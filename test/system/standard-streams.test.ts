import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoppedReader, readers } from '../e2e/unread.ts';
import { actAs, everyRights } from '../rights.ts';

function directory(): string {
  const path = mkdtempSync('/tmp/el-');
  chmodSync(path, 0o755);
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

// Where standard error was opened by another user, /proc/self/fd/2 cannot be opened again.
describe.each(everyRights)('standard error, written to by %s', (rights) => {
  it.for(readers)('does not wait for a %s that takes no more, and leaves it as it is', { timeout: 20_000 }, async (kind, context) => {
    const actor = actAs(rights, context);
    using reader = new StoppedReader(kind, directory());
    const [program = '', ...args] = actor.probe('test/system/standard-error-process.ts');
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', reader.writeEnd] });
    const [status] = (await once(child, 'exit')) as [number | null];
    expect(status).toBe(0);
    expect(reader.waits).toBe(true);
    expect(reader.read().replaceAll('\r', '')).toMatch(/^0 xxx/);
  });
});

it('brings all lines to a file, in order', async () => {
  const path = join(directory(), 'log');
  const args = ['--import', join(import.meta.dirname, '../typescript.mjs'), join(import.meta.dirname, 'standard-error-process.ts')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', openSync(path, 'w')] });
  await once(child, 'exit');
  const text = readFileSync(path, 'utf8');
  const numbers = text.split('\n').flatMap((line) => /^\d+ x/.exec(line)?.[0].split(' ')[0] ?? []);
  expect(numbers.map(Number)).toEqual(Array.from(numbers, (_, i) => i));
  expect(text).toMatch(/\d+ lines lost\n$/);
});
