/** Makes switches of the source, with and without a fault: compiles and bundles what `vde_switch` loads, and nothing else. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { entry } from './source.mjs';
import { transpile } from './transpile.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The files of an installed switch beside its bundle. */
const beside = ['package.json', 'bin', 'build/commands/waker-thread.js'];

/** Bundles a switch from `source` (path -> text). Returns file name -> text; comments and names of files leave no trace. */
export async function bundleSwitch(source) {
  const bundle = await rolldown({
    input: { 'vde-switch': join(root, entry) },
    platform: 'node',
    logLevel: 'silent',
    external: /^(?![./])/,
    experimental: { attachDebugInfo: 'none' },
    plugins: [{ name: 'source', load: (id) => ({ code: compiled(relative(root, id), source), moduleType: 'js' }) }],
  });
  const { output } = await bundle.generate({ format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'vde-switch.[name].cjs' });
  await bundle.close();
  return new Map(output.map(({ fileName, code }) => [fileName, code]));
}

/** Identifies what a bundle does: equal for equal code. */
export function hashOfBundle(files) {
  const hash = createHash('sha256');
  for (const [name, code] of files) hash.update(`${name}\0${code}\0`);
  return hash.digest('hex');
}

/** Writes a bundle to a directory of its own, from which it runs as the installed one. `path` is that of `vde_switch`. */
export function installSwitch(files) {
  const directory = mkdtempSync(join(tmpdir(), 'vm-'));
  const place = (file) => {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    return join(directory, file);
  };
  for (const file of beside) cpSync(join(root, file), place(file), { recursive: true });
  for (const [name, code] of files) writeFileSync(place(join('build/commands', name)), code);
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  return { path: join(directory, 'bin/vde_switch'), [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

function compiled(file, source) {
  const { code, mistakes } = transpile(file, source.get(file));
  if (mistakes.length > 0) throw new Error(`${file}: ${mistakes.join(', ')}`);
  return code;
}
