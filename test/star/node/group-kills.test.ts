import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../../src/disk/journal-format.ts';
import { GroupState } from '../../../src/star/group-state.ts';
import { groupKind } from '../../../src/star/node/group-journal.ts';
import { killPoints, pointsIn } from '../../disk/kill-points.ts';
import { token } from '../changes.ts';

const root = mkdtempSync(join(tmpdir(), 'etherloom-kills-'));
afterAll(() => rmSync(root, { recursive: true }));
const loader = new URL('../../typescript.mjs', import.meta.url).href;
const program = new URL('group-process.ts', import.meta.url).pathname;
const oldKey = 'c'.repeat(32);

interface Run {
  readonly points: readonly string[];
  readonly signal: string | null;
  /** The lines on its standard output. */
  readonly said: readonly string[];
}

/** Runs the program that lets member `n` in; it is killed at a point. */
async function run(directory: string, n: number, at?: number): Promise<Run> {
  const log = `${directory}.points`;
  rmSync(log, { force: true });
  const child = spawn(process.execPath, ['--import', loader, program, directory, String(n)], {
    env: { ...process.env, ...killPoints(directory, log, at) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const [said, [status, signal]] = await Promise.all([text(child.stdout), exited]);
  if (signal === null) expect(status).toBe(0);
  return { points: existsSync(log) ? pointsIn(log) : [], signal, said: said.trimEnd().split('\n') };
}

describe('a master that is killed before or after any write, sync or rename', () => {
  it('loses neither its key, nor a member, nor a use of a token', { timeout: 240_000 }, async () => {
    const before = join(root, 'before');
    mkdirSync(before, { mode: 0o700 });
    writeFileSync(join(before, 'roster.json'), JSON.stringify({ version: 1, nodes: { [oldKey]: 9 } }));
    const whole = join(root, 'whole');
    cpSync(before, whole, { recursive: true });
    const { points } = await run(whole, 2);
    for (const name of ['write identity.pem.next', 'rename group.journal.tmp', 'write group.journal', 'rename roster.json'])
      expect(points).toEqual(expect.arrayContaining([`before ${name}`, `after ${name}`]));
    const tryAt = async (point: number): Promise<void> => {
      const directory = join(root, `at-${point}`);
      cpSync(before, directory, { recursive: true });
      const killed = await run(directory, 2, point);
      const next = await run(directory, 3);
      const name = points[point];
      expect(killed.signal, name).toBe('SIGKILL');
      const { state, damaged } = readJournal(groupKind, readFileSync(join(directory, 'group.journal')));
      const group = new GroupState(state.records());
      const ids = group.members().map(({ id }) => id);
      if (killed.said[0] !== '') expect(next.said[0], name).toBe(killed.said[0]);
      expect(damaged, name).toBe(0);
      expect(ids, name).toEqual(ids.includes(2) ? [2, 3, 9] : [3, 9]);
      if (killed.said.includes('joined 2')) expect(ids, name).toContain(2);
      expect(group.token(token.token.id)?.used, name).toBe(ids.length - 1);
    };
    for (let point = 0; point < points.length; point += 2)
      await Promise.all([point, point + 1].filter((one) => one < points.length).map(tryAt));
  });
});
