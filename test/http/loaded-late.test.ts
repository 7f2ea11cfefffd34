import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importedFile, roomOf, source } from '../house/house.ts';

/** Returns the files and packages that are loaded with a file: its imports of more than types, and theirs. */
function loadedWith(file: string): ReadonlySet<string> {
  const loaded = new Set<string>();
  const next = [file];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (loaded.has(one)) continue;
    loaded.add(one);
    if (!one.endsWith('.ts')) continue;
    const text = readFileSync(join(source, one), 'utf8');
    for (const [, names = '', specifier = ''] of text.matchAll(/^(?:import|export) (?!type\b)([^;]*?)from '([^']+)';$/gm)) {
      if (!isTypesAlone(names)) next.push(specifier.startsWith('.') ? importedFile(one, specifier) : specifier);
    }
  }
  return loaded;
}

/** Returns whether each name of a clause is a type. */
function isTypesAlone(names: string): boolean {
  const listed = names
    .replace(/[{}\n]/g, ' ')
    .split(',')
    .map((name) => name.trim());
  return listed.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

describe('HTTP and the schemas', () => {
  it.each(['cli/etherloom.ts', 'cli/vde-switch.ts', 'cli/serve-vde-switch.ts'])('are not loaded with %s', (command) => {
    const loaded = loadedWith(command);
    expect([...loaded].length).toBeGreaterThan(command === 'cli/vde-switch.ts' ? 5 : 100);
    for (const late of ['zod', 'node:http', 'http/api-server.ts', 'http/client.ts', 'cli/group.ts'])
      expect(loaded, late).not.toContain(late);
  });

  it('are loaded with the server', () => {
    expect([...loadedWith('http/api-server.ts')]).toEqual(expect.arrayContaining(['zod', 'node:http', 'http/routes.ts']));
  });

  it('are no part of vde_switch', () => {
    const rooms = [...loadedWith('cli/serve-vde-switch.ts')].map(roomOf);
    expect(rooms).toContain('daemon');
    expect(rooms).not.toContain('http');
  });
});
