import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { root } from '../house/house.ts';
import { versions } from './versions.ts';

/** Returns what git answers in this repository; undefined if it fails. */
function git(...words: readonly string[]): string | undefined {
  try {
    return execFileSync('git', [...words], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

describe('the commit of each earlier version', () => {
  const whole = git('rev-parse', '--is-shallow-repository') === 'false\n';
  it.runIf(whole).each(Object.entries(versions))('%s has that version in its package', (version, commit) => {
    const text = git('show', `${commit}:package.json`);
    expect(text, `${commit} is not in the history`).toBeDefined();
    expect(JSON.parse(text ?? '{}')).toMatchObject({ version });
  });
  if (!whole) it.skip('is in a whole clone: this one has a part of the history only, or none', () => undefined);
});
