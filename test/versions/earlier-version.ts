import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../house/house.ts';
import { versions } from './versions.ts';

/** An earlier version of this software, built from the history in a directory of its own, outside of the tree. */
export class EarlierVersion implements Disposable {
  /** Its command. */
  readonly etherloom: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.etherloom = join(directory, 'bin/etherloom');
  }

  /**
   * Builds it: one command, from the sources alone, in a second or two. Returns why it cannot be built if the history is not here; in CI it must
   * be.
   */
  static build(version: keyof typeof versions): EarlierVersion | string {
    const commit = versions[version];
    if (spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root }).status !== 0) {
      const reason = `the history of this clone has no commit ${commit.slice(0, 12)} of version ${version}`;
      if (process.env['CI'] !== undefined) throw new Error(`${reason}, and CI must have it`);
      return reason;
    }
    const directory = mkdtempSync(join(tmpdir(), 'el-'));
    const archive = execFileSync('git', ['archive', commit, 'src', 'bin', 'package.json'], { cwd: root, maxBuffer: 2 ** 28 });
    execFileSync('tar', ['x'], { cwd: directory, input: archive });
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'bundle.mjs'), bundle);
    const rolldown = join(root, 'node_modules/rolldown/bin/cli.mjs');
    execFileSync(process.execPath, [rolldown, '-c', 'bundle.mjs', '--log-level', 'silent'], { cwd: directory, stdio: 'ignore' });
    return new EarlierVersion(directory);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Makes the command of its sources, without the compiler's check, which it passed when it was new. */
const bundle = `export default {
  input: { etherloom: 'src/cli/etherloom-start.ts' },
  platform: 'node',
  external: /^(?![./])/,
  transform: { target: 'node20' },
  output: { dir: 'build/commands', format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'etherloom.[name].cjs' },
};
`;
