// `npm run fuzz`: runs the sources as they are, with a garbage collector that can be called.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const node = ['--expose-gc', '--import', './test/typescript.mjs', 'test/fuzz/main.ts'];
const { status } = spawnSync(process.execPath, [...node, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
