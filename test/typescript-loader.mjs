import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'rolldown/utils';

/** Node's hook: what will be a JavaScript file is still a TypeScript file. */
export async function resolve(specifier, context, next) {
  const source = /^(file:.*)\.js$/.exec(specifier)?.[1];
  return source !== undefined && existsSync(fileURLToPath(`${source}.ts`))
    ? { url: `${source}.ts`, shortCircuit: true }
    : next(specifier, context);
}

/** Node's hook: a TypeScript file is loaded as the JavaScript that is left when its types are taken away. */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code, map, errors } = transformSync(path, await readFile(path, 'utf8'), { sourcemap: true, target: 'es2022' });
  if (errors.length > 0) throw errors[0];
  const inlineMap = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  return { format: 'module', shortCircuit: true, source: `${code}\n//# sourceMappingURL=${inlineMap}\n` };
}
