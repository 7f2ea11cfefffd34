// `npm run soak`: builds the soak, and the switch into it, and runs it.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench/soak/tsconfig.build.json'], {
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(built.status ?? 1);
// The nodes of a star tell each other their version.
copyFileSync('package.json', 'bench/soak/build/package.json');
await import('./build/bench/soak/main.js');
