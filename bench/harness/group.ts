import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { GroupView } from '../../src/management/parts/group.ts';
import type { Place } from '../load/spec.ts';
import { searchPath } from './running.ts';
import { programOf } from './switches.ts';
import type { Workplace } from './workplace.ts';

/** A group of a master and two slaves, with a station at each slave. */
export interface RunningGroup {
  readonly stations: readonly Place[];
  readonly master: number;
  readonly slaves: readonly number[];
  /** Returns the number of frames that the first slave has sent by shortcuts. */
  readonly direct: () => number;
}

/** Starts a group on the loopback by our commands. */
export async function startGroup(workplace: Workplace, { shortcuts }: { readonly shortcuts: boolean }): Promise<RunningGroup> {
  const program = programOf('ours', workplace, 'etherloom');
  const [lineFile, state] = [workplace.path('line'), (name: string): string => workplace.path(`${name}.state`)];
  const place = (name: string): string[] => ['--sock', workplace.path(name), '--state', state(name)];
  const listen = ['--listen', '127.0.0.1:0', '--subnet', '10.77.0.0/24', '--line-file', lineFile];
  const master = workplace.start([program, 'master', ...listen, ...place('master')]);
  await master.line(/^ready$/);
  const line = readFileSync(lineFile, 'utf8').split('\n')[0] ?? '';
  const wish = shortcuts ? [] : ['--no-shortcuts'];
  const names = ['near', 'far'];
  const slaves = names.map((name) => workplace.start([program, 'join', line, ...wish, ...place(name)]));
  await Promise.all(slaves.map((slave) => slave.line(/"msg":"linked to /)));
  await Promise.all(slaves.map((slave) => slave.line(/^ready$/)));
  return {
    stations: names.map((name) => ({ directory: workplace.path(name) })),
    master: master.pid,
    slaves: slaves.map(({ pid }) => pid),
    direct: () => {
      const args = ['group', '--json', '--state', state('near')];
      const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: searchPath } });
      if (stdout === '') throw new Error(stderr);
      return ((JSON.parse(stdout) as GroupView).shortcuts ?? []).reduce((sum, { sent }) => sum + sent.frames, 0);
    },
  };
}
