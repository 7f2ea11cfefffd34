import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docs/lab.md'), 'utf8');
const recipes = [...text.matchAll(/^## (\d+\. .*)\n([^]*?```ts\n([^]*?)```[^]*?)(?=^## |$(?![^]))/gm)].map(
  ([, title = '', recipe = '', code = '']) => ({ title, code, output: /^ {4}Error: (?:.*\n)+?(?=^\S)/m.exec(recipe)?.[0] ?? '' }),
);

const readme = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n([^]*?)```/gm)].map(([, code = '']) => ({
  title: 'README.md',
  code,
  output: '',
}));

/** The doors of the package, where they are in the sources. */
const doors: Readonly<Record<string, string>> = {
  'etherloom/lab': 'src/lab/lab.ts',
  'etherloom/lab/node': 'src/lab/node/node.ts',
  'etherloom/wire': 'src/wire/wire.ts',
};

describe('the lab in the docs', () => {
  it('has its recipes, each with a snippet', () => {
    expect(recipes.map(({ title }) => Number.parseInt(title))).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
    expect(recipes.filter(({ output }) => output !== '').map(({ title }) => title)).toEqual(['13. Does my protocol survive a partition?']);
    expect(readme).toHaveLength(1);
    expect([...text.matchAll(/^```ts$/gm)]).toHaveLength(recipes.length);
  });

  it.each([...readme, ...recipes])('$title', { timeout: 60_000 }, async ({ code, output }) => {
    const directory = mkdtempSync(join(tmpdir(), 'etherloom-docs-'));
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const before = process.cwd();
    try {
      symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
      symlinkSync(join(root, 'fixtures'), join(directory, 'fixtures'));
      const file = join(directory, 'snippet.ts');
      writeFileSync(
        file,
        code.replace(/from '(etherloom\/[^']+)'/g, (_, door: string) => `from '${join(root, doors[door] ?? door)}'`),
      );
      process.chdir(directory);
      await import(file);
      expect(said.mock.calls.join('\n')).toContain(output.replace(/^ {4}/gm, '').trim());
    } finally {
      process.chdir(before);
      said.mockRestore();
      rmSync(directory, { recursive: true });
    }
  });
});
