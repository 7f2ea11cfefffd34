import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importedFile, importsOf, source, sourceFiles } from './house.ts';

/** Returns the groups of files in `src/` that import each other, directly or by way of others. Imports of types alone count, too. */
export function circles(): string[][] {
  const imports = new Map(
    sourceFiles().map((file) => {
      const own = importsOf(readFileSync(join(source, file), 'utf8')).filter((specifier) => specifier.startsWith('.'));
      return [file, own.map((specifier) => importedFile(file, specifier))];
    }),
  );
  const reached = new Map([...imports.keys()].map((file) => [file, reachedFrom(file, imports)]));
  const found = new Map<string, string[]>();
  for (const [file, others] of reached) {
    const circle = [...others].filter((other) => reached.get(other)?.has(file)).sort();
    if (circle.length > 0) found.set(circle.join(), circle);
  }
  return [...found.values()];
}

function reachedFrom(file: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = [...(imports.get(file) ?? [])];
  for (let other = next.pop(); other !== undefined; other = next.pop()) {
    if (reached.has(other)) continue;
    reached.add(other);
    next.push(...(imports.get(other) ?? []));
  }
  return reached;
}
