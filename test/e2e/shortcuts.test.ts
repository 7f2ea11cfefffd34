import { describe, expect, it } from 'vitest';
import type { GroupMemberView, GroupView } from '../../src/management/parts/group.ts';
import { ask } from '../http/api-stage.ts';
import { OneUser } from './group-rig.ts';
import type { Running } from './running.ts';
import { until, useStage } from './stage.ts';
import { introduce, serialOf, senderOf, VdeStation } from './vde-station.ts';

/** A star with a station behind each slave. */
interface Scene {
  readonly user: OneUser;
  readonly master: Running;
  readonly slaves: readonly Running[];
  readonly stations: readonly VdeStation[];
}

/** How long a shortcut may take on a busy machine, in milliseconds. On a quiet one it takes a second. */
const patience = 30_000;

let serial = 0;

/** Lets two stations exchange some frames, and checks that each arrives once, in order, and alone. */
function talk(a: VdeStation, b: VdeStation, rounds = 20): void {
  for (let i = 0; i < rounds; i++)
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const sent = ++serial;
      from.send([from.frame(to.number, sent)]);
      const before = to.hear((frame) => senderOf(frame) === from.number && serialOf(frame) === sent);
      expect(before.filter((frame) => senderOf(frame) === from.number)).toEqual([]);
    }
}

/** Returns the members to which a member has shortcuts, as the master tells. */
async function peersOf(user: OneUser, id: number): Promise<GroupMemberView['shortcuts']> {
  return (await user.members()).get(id)?.shortcuts;
}

async function shortcutsAt(user: OneUser, name: string): Promise<GroupView['shortcuts']> {
  return ((await ask(`${user.state(name)}/api`, '/v1/group/show')).body as GroupView).shortcuts;
}

/** Lets two stations talk until a condition holds. */
async function talkUntil(a: VdeStation, b: VdeStation, what: string, holds: () => Promise<boolean>): Promise<void> {
  await until(
    what,
    () => {
      talk(a, b, 1);
      return holds();
    },
    patience,
  );
}

describe('shortcuts', { timeout: 120_000 }, () => {
  const stage = useStage([]);

  /** Opens a star of three slaves, with ids in the order of their names. */
  async function scene({ master: ofMaster = [], slave = [] }: { master?: string[]; slave?: string[] } = {}): Promise<Scene> {
    const user = new OneUser(stage);
    const master = await user.master('m', ...ofMaster);
    const slaves: Running[] = [];
    for (const name of ['s1', 's2', 's3']) slaves.push(await user.join(name, user.line(), '--name', name, ...slave));
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '30');
    const stations = await Promise.all(['s1', 's2', 's3'].map((name) => VdeStation.plug(stage.path(name))));
    introduce(stations);
    return { user, master, slaves, stations };
  }

  it('open between slaves whose stations talk, are shown, and carry their frames past the master', async () => {
    const { user, master, slaves, stations } = await scene();
    const [a, b] = stations as [VdeStation, VdeStation];
    const events = await user.events();
    expect(await peersOf(user, 1)).toEqual([]);
    await talkUntil(a, b, 'the master tells of a shortcut', async () => (await peersOf(user, 1))?.includes(2) === true);
    expect(await peersOf(user, 2)).toEqual([1]);
    expect(await peersOf(user, 3)).toEqual([]);
    await events.logged({ kind: 'member', change: 'shortcut-opened', id: 1, name: 's1' });
    await master.line(/slave 1 \(s1\) and slave 2 \(s2\) have a shortcut now/);
    await slaves[0]?.line(/a shortcut to slave 2 at .* is open/);
    await slaves[1]?.line(/a shortcut to slave 1 at .* is open/);
    expect(await user.do('m', 'group')).toMatch(/^ *1 +s1 .* 2 +/m);
    expect(await user.do('s1', 'group')).toMatch(/^shortcut to member 2 at [\d.:]+, for .*: \S+ frames in, \S+ out$/m);
    const carried = async (): Promise<number> => (await shortcutsAt(user, 's1'))?.[0]?.sent.frames ?? 0;
    await talkUntil(a, b, 'frames go by the shortcut', async () => (await carried()) > 100);
  });
});
