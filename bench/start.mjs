// `npm run bench`: builds the measured programs, if they are out of date, and the benchmarks, and runs them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prepare } from '../demo/prepare.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// A build may be measured as it is, while the source is being changed.
const asBuilt = process.argv.indexOf('--as-built');
if (asBuilt < 0) await prepare();
else process.argv.splice(asBuilt, 1);
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.build.json'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
await import('./build/bench/main.js');
