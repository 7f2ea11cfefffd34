import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { GroupMemberView, GroupView } from '../../src/management/parts/group.ts';
import { ask } from '../http/api-stage.ts';
import { OneUser } from './group-rig.ts';
import type { Running } from './running.ts';
import { freePort, until, useStage } from './stage.ts';
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

/** Returns the number of frames that a slave has sent by its shortcuts. */
async function direct(user: OneUser, name: string): Promise<number> {
  return ((await shortcutsAt(user, name)) ?? []).reduce((sum, { sent }) => sum + sent.frames, 0);
}

/** Returns the shortcuts of a slave. */
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
    expect(await user.do('s1', 'status')).toContain('1 shortcut to other slaves; see: etherloom group');
    expect(await user.do('m', 'group')).toMatch(/^ *1 +s1 .* 2 +/m);
    await talkUntil(a, b, 'frames go by the shortcut', async () => (await direct(user, 's1')) > 100);
    expect(await user.do('s1', 'group')).toMatch(/^shortcut to member 2 at [\d.:]+, port \d+, for .*: \S+ frames in, \S+ out$/m);
  });

  it('end with the member that is kicked, and at once', async () => {
    const { user, slaves, stations } = await scene();
    const [a, b] = stations as [VdeStation, VdeStation];
    await talkUntil(a, b, 'frames go by the shortcut', async () => (await direct(user, 's1')) > 10);
    await user.do('m', 'group', 'kick', '2');
    // The master tells both at once: the connection may be closed by the other first.
    await slaves[0]?.line(/the shortcut to slave 2 has ended: (?:its key is barred|the far end closed the link)/);
    expect(await shortcutsAt(user, 's1')).toEqual([]);
    expect((await slaves[1]?.exit)?.status).toBe(1);
    expect(await peersOf(user, 1)).toEqual([]);
  });

  it('end with a slave that is killed, and its stations are reached by the master once it is back', async () => {
    const { user, slaves, stations } = await scene();
    const [a, b] = stations as [VdeStation, VdeStation];
    await talkUntil(a, b, 'frames go by the shortcut', async () => (await direct(user, 's1')) > 10);
    b.unplug();
    slaves[1]?.signal('SIGKILL');
    await slaves[0]?.line(/the shortcut to slave 2 has ended/);
    await user.join('s2', user.line());
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '30');
    const again = await VdeStation.plug(stage.path('s2'));
    introduce([a, again]);
    talk(a, again);
    await talkUntil(a, again, 'there is a shortcut again', async () => (await peersOf(user, 1))?.includes(2) === true);
  });

  it('end 10 s after the last sign of the master, while their frames went on without it', async () => {
    const { user, master, slaves, stations } = await scene();
    const [a, b] = stations as [VdeStation, VdeStation];
    await talkUntil(a, b, 'frames go by the shortcut', async () => (await direct(user, 's1')) > 10);
    master.signal('SIGSTOP');
    talk(a, b, 50);
    for (const slave of slaves.slice(0, 2)) await slave.line(/the shortcut to slave \d has ended/, { timeout: 30_000 });
    // The first to end closes the connection, which the other may see before its own time is over.
    expect(slaves.flatMap(({ lines }) => lines).join('\n')).toMatch(/has ended: the master was not heard for 10 s/);
    master.signal('SIGCONT');
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '30');
    introduce([a, b]);
    await talkUntil(a, b, 'there is a shortcut again', async () => (await peersOf(user, 1))?.includes(2) === true);
  });

  it.each<[string, { master?: string[]; slave?: string[] }, unknown]>([
    ['at the slaves', { slave: ['--no-shortcuts'] }, undefined],
    ['at the master', { master: ['--no-shortcuts'] }, []],
  ])('are not there with --no-shortcuts %s', async (_, options, told) => {
    const { user, slaves, stations } = await scene(options);
    const [a, b] = stations as [VdeStation, VdeStation];
    const begun = Date.now();
    await talkUntil(a, b, 'they have talked for 4 s', () => Promise.resolve(Date.now() - begun > 4000));
    expect(await peersOf(user, 1)).toEqual(told);
    expect(slaves.flatMap(({ lines }) => lines).filter((line) => line.includes('shortcut'))).toEqual([]);
  });

  it('use the port of --shortcut-port, which must be free', async () => {
    const user = new OneUser(stage);
    await user.master();
    const port = await freePort();
    const slave = await user.join('s1', user.line(), '--shortcut-port', String(port));
    expect(await isTaken(port)).toBe(true);
    const other = await user.run('join', user.line(), '--shortcut-port', String(port), ...user.place('s2'));
    expect(other).toMatchObject({ status: 1, text: expect.stringContaining('EADDRINUSE') as string });
    const contradiction = await user.run('join', user.line(), '--no-shortcuts', '--shortcut-port', String(port), ...user.place('s3'));
    expect(contradiction).toMatchObject({ status: 1, text: expect.stringContaining('--shortcut-port has no effect') as string });
    expect(slave.ended).toBeUndefined();
  });
});

/** Returns whether a process listens at a port. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
