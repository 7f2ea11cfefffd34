// `npm run shortcuts`: runs the sources as they are, and the nodes as they are built.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prepare } from '../../demo/prepare.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const asBuilt = process.argv.indexOf('--as-built');
if (asBuilt < 0) await prepare();
else process.argv.splice(asBuilt, 1);
const node = ['--import', './test/typescript.mjs', 'bench/shortcuts/main.ts'];
const { status } = spawnSync(process.execPath, [...node, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
