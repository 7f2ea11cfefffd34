// `npm run siege`: builds the commands, if they are out of date, and the siege, and runs it.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prepare } from '../../demo/prepare.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const asBuilt = process.argv.indexOf('--as-built');
if (asBuilt < 0) await prepare();
else process.argv.splice(asBuilt, 1);
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.build.json'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
// The member among them tells its version.
copyFileSync('package.json', 'bench/build/package.json');
await import('../build/bench/siege/main.js');
