import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import typescript from 'typescript';

const compilerOptions = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022, inlineSourceMap: true };

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
  const source = await readFile(fileURLToPath(url), 'utf8');
  return {
    format: 'module',
    shortCircuit: true,
    source: typescript.transpileModule(source, { compilerOptions, fileName: url }).outputText,
  };
}
