import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileToken } from '../../src/cli/http-token.ts';
import { realRandom } from '../../src/random.ts';
import { newDirectory } from '../ports/rig.ts';

const option = '--http-token-file';

/** Makes a token in a process that may write no octet to files, as on a full disk. */
function makeOnFullDisk(path: string): ReturnType<typeof spawnSync> {
  const url = (module: string): string => JSON.stringify(new URL(`../../src/${module}`, import.meta.url).href);
  const program = `
    import { fileToken } from ${url('cli/http-token.ts')};
    import { realRandom } from ${url('random.ts')};
    process.on('SIGXFSZ', () => undefined);
    await fileToken(${JSON.stringify(path)}, '${option}', realRandom).catch((error) => { console.log(error.message); process.exitCode = 3; });`;
  const typescript = new URL('../typescript.mjs', import.meta.url).href;
  const words = ['--import', typescript, '--input-type=module', '--eval', program];
  return spawnSync('sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, ...words], { encoding: 'utf8' });
}

describe('the file of a token', () => {
  it('is made once, whole, for its user alone', async () => {
    const directory = newDirectory();
    const path = join(directory, 'token');
    const tokens = await Promise.all(Array.from({ length: 8 }, () => fileToken(path, option, realRandom)));
    expect(new Set(tokens).size).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe(`${tokens[0]}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['token']);
  });

  it('is not there after a failed write, so the next start makes it', async () => {
    const directory = newDirectory();
    const path = join(directory, 'token');
    const { status, stdout } = makeOnFullDisk(path);
    expect(stdout).toContain(`cannot open the file of the token, ${path}`);
    expect(status).toBe(3);
    expect(readdirSync(directory)).toEqual([]);
    expect(await fileToken(path, option, realRandom)).toMatch(/^[\w-]{22}$/);
  });

  it('is a regular file', async () => {
    const pipe = join(newDirectory(), 'pipe');
    expect(spawnSync('mkfifo', ['-m', '600', pipe]).status).toBe(0);
    await expect(fileToken(pipe, option, realRandom)).rejects.toThrow('is not a regular file; choose another');
    const empty = join(newDirectory(), 'empty');
    writeFileSync(empty, '', { mode: 0o600 });
    await expect(fileToken(empty, option, realRandom)).rejects.toThrow('has no token of 22');
  });
});
