import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bin, useStage, type Output } from './stage.ts';
import type { Running } from './running.ts';

/** Returns the files below a directory whose text matches. */
function filesWith(directory: string, pattern: RegExp): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => pathOf(directory, name))
    .filter((path) => statSync(path).isFile() && pattern.test(readFileSync(path, 'latin1')));
}

describe('ephemeral members', { timeout: 90_000 }, () => {
  const stage = useStage([]);
  const env = { XDG_RUNTIME_DIR: undefined, XDG_STATE_HOME: undefined, HOME: undefined };
  const at = (home: string): { readonly env: Readonly<Record<string, string | undefined>> } => ({
    env: { ...env, HOME: stage.path(home), XDG_RUNTIME_DIR: stage.path(home, 'run') },
  });
  /** Makes the home of a host, as a snapshot has it. */
  const home = (name: string): void => void mkdirSync(stage.path(name, 'run'), { recursive: true, mode: 0o700 });
  const run = (...words: string[]): Promise<Output> => stage.run([bin('etherloom'), ...words], at('master'));
  const join = (host: string, line: string, ...words: string[]): Running => {
    const member = stage.start([bin('etherloom'), 'join', '-', ...words], at(host));
    member.stdin.end(line);
    return member;
  };

  it('of one snapshot that is started twice get two ids, leave no key on a disk, and need their line at each start', async () => {
    for (const name of ['master', 'one', 'two']) home(name);
    const words = [...stage.masterWords(), '--line-file', stage.path('line')];
    await stage.start([bin('etherloom'), ...words], at('master')).line(/^ready$/);
    const made = await run('token', 'new', '--ephemeral', '--uses', 'any', '--json');
    const [line = ''] = (JSON.parse(made.text) as { lines: readonly string[] }).lines;
    const members = ['one', 'two'].map((host) => join(host, line, '--ephemeral'));
    await Promise.all(members.map((member) => member.line(/^ready$/)));
    const ids = await Promise.all(members.map(async (member) => (await member.line(/^id (\d+)$/))[1]));
    expect(ids.sort()).toEqual(['1', '2']);
    expect(await run('group', 'wait', '--members', '2', '--timeout', '20')).toMatchObject({ status: 0 });
    const group = JSON.parse((await run('group', '--json')).text) as { members: readonly { ephemeral: boolean }[] };
    expect(group.members.map(({ ephemeral }) => ephemeral)).toEqual([false, true, true]);
    for (const host of ['one', 'two']) expect(filesWith(stage.path(host), /PRIVATE KEY|"pin"/)).toEqual([]);
    // A host that would keep its key is refused, and told why.
    home('three');
    const kept = join('three', line);
    expect(await kept.exit).toMatchObject({ status: 1 });
    expect(kept.lines.join('\n')).toMatch(/token [a-z2-7]{8} is for hosts that keep no key; join with --ephemeral, or by another line/);
    for (const member of members) expect(await member.end()).toMatchObject({ status: 0 });
    for (const host of ['one', 'two'])
      expect(readdirSync(stage.path(host, 'run', 'etherloom')).filter((name) => name !== 'services')).toEqual([]);
    const without = stage.start([bin('etherloom'), 'join', '--ephemeral'], at('one'));
    expect(await without.exit).toMatchObject({ status: 1 });
    expect(without.lines.join('\n')).toContain('--ephemeral needs the line at each start');
  });

  it('are others again after each restart of a host that keeps nothing, also by a token for any host', async () => {
    for (const name of ['master', 'one']) home(name);
    const words = [...stage.masterWords(), '--line-file', stage.path('line')];
    await stage.start([bin('etherloom'), ...words], at('master')).line(/^ready$/);
    const line = readFileSync(stage.path('line'), 'utf8');
    for (const id of ['1', '2', '3']) {
      const member = join('one', line, '--ephemeral');
      expect((await member.line(/^id (\d+)$/))[1]).toBe(id);
      await member.end('SIGKILL');
    }
    const last = join('one', line, '--ephemeral');
    await last.line(/^id 4$/);
    // The directories of the killed ones were removed.
    const left = (): readonly string[] =>
      readdirSync(stage.path('one', 'run', 'etherloom')).filter((name) => name.startsWith('ephemeral-'));
    expect(left()).toHaveLength(1);
    await last.end();
    expect(left()).toEqual([]);
  });
});
