import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GroupView } from '../../src/management/parts/group.ts';
import type { SenderRule } from '../../src/switch/sender-policy.ts';
import { formatMac } from '../../src/wire/mac.ts';
import { ask } from '../http/api-stage.ts';
import { frameOf, hostile, server, thief as thiefMac, victim } from '../switch/hostile-frames.ts';
import { ConsoleTalk } from './console-talk.ts';
import { OneUser } from './group-rig.ts';
import { HostileMember } from './hostile-member.ts';
import { bin, until, useStage, type Stage } from './stage.ts';
import type { Running } from './running.ts';

const rules = Object.keys(hostile) as SenderRule[];
const counts = Object.fromEntries(rules.map((rule) => [rule, hostile[rule].length]));

/** A master and three members: a friend, the victim, and the hostile one, of ids 1 to 3. The addresses are those of the hostile frames. */
class Scene {
  readonly user: OneUser;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.user = new OneUser(stage);
  }

  /** Starts the master, which has the MAC address of the hostile frames' server. */
  async begin(...more: readonly string[]): Promise<Running> {
    mkdirSync(this.user.state('m'), { mode: 0o700 });
    writeFileSync(join(this.user.state('m'), 'server-mac'), `${formatMac(server)}\n`, { mode: 0o600 });
    const master = await this.user.master('m', '--mgmt', this.#console('m'), '--lease-time', '10', ...more);
    for (const name of ['friend', 'victim']) await this.user.join(name, this.user.line(), '--name', name, '--mgmt', this.#console(name));
    return master;
  }

  /** Starts a small host behind a member, which pings these addresses, and returns it when all have answered. */
  async host(name: string, id: number, ...addresses: readonly string[]): Promise<Running> {
    const words = ['station', '--sock', this.#stage.path(name), '--id', String(id), ...addresses.flatMap((one) => ['--ping', one])];
    const host = this.#stage.start([bin('etherloom'), ...words]);
    await host.logged({ event: 'guest', state: 'ready' });
    for (const address of addresses) await answer(host, address);
    return host;
  }

  /** Asks a node what its switch would do with each hostile frame from a port, by its API, and with one of each rule by its console. */
  async explains(name: string, port: number): Promise<void> {
    const talk = await ConsoleTalk.with(this.#console(name));
    for (const rule of rules) {
      for (const [, frame] of hostile[rule]) {
        const path = `/v1/port/explain?port=${port}&frame=${Buffer.from(frame).toString('hex')}`;
        expect((await ask(join(this.user.state(name), 'api'), path)).body).toMatchObject({ decision: 'drop', reason: rule });
      }
      const [[, first]] = hostile[rule] as readonly [(typeof hostile)[SenderRule][number]];
      expect(await talk.ask(`trace ${port} ${Buffer.from(first).toString('hex')}`)).toContain(`drop (${rule})`);
    }
    talk.end();
  }

  #console(name: string): string {
    return this.#stage.path(`${name}.mgmt`);
  }
}

/** Waits for the next answer to a host's pings of an address. */
async function answer(host: Running, address: string): Promise<void> {
  const from = host.lines.length;
  await host.line(new RegExp(`${address.replaceAll('.', '\\.')} answers in`), { from });
}

/** Returns the counts of the frames that a victim refused from the shortcut to the hostile member. */
async function refusedByShortcut({ user }: Scene): Promise<unknown> {
  const { body } = await ask(join(user.state('victim'), 'api'), '/v1/group/show');
  return (body as GroupView).shortcuts?.find(({ id }) => id === 3)?.refused;
}

describe('a member with a client of its own', { timeout: 120_000 }, () => {
  const stage = useStage([]);

  it('is refused all frames of the table, by name and rule, and the pings and the lease of its victim go on', async () => {
    const scene = new Scene(stage);
    const { user } = scene;
    const master = await scene.begin();
    const thief = await HostileMember.join(stage, 'thief', await user.newLine());
    await user.do('m', 'group', 'wait', '--members', '3', '--timeout', '20');
    await scene.host('friend', 1);
    const guest = await scene.host('victim', 2, '10.77.0.1', '10.77.0.11');
    const events = await user.events();
    const begun = guest.lines.length;
    const member = { id: 3, name: 'thief' };

    // On its link: the console and the API of the master name the rule of each frame before it is sent.
    const port = (await user.members()).get(3)?.link?.port ?? 0;
    await scene.explains('m', port);
    for (const rule of rules) thief.send(hostile[rule].map(([, frame]) => frame));
    const refused = async (): Promise<unknown> => (await user.members()).get(3)?.link?.refused;
    await until('all frames are refused', async () => Object.keys((await refused()) ?? {}).length === rules.length);
    expect(await refused()).toEqual(counts);
    for (const reason of rules)
      expect(await events.logged({ kind: 'drops', port, reason })).toMatchObject({ member, frames: counts[reason] });
    const text = await user.do('m', 'group');
    for (const rule of rules)
      expect(text).toMatch(new RegExp(`member 3, thief, sent frames that were refused: .*\\b${rule} ${counts[rule]}\\b`));

    // By a shortcut: the same at the slave of the victim.
    const speak = thief.plane.stations.add({ receive: () => undefined });
    const friendly = frameOf(0x88b5, new Uint8Array(46), { source: thiefMac, destination: victim });
    await until('both have the shortcut', async () => {
      speak(friendly);
      return thief.shortcutTo(2) !== undefined && (await refusedByShortcut(scene)) !== undefined;
    });
    const ofVictim = await user.events('victim');
    const shortcut = thief.shortcutTo(2) ?? 0;
    for (const rule of rules)
      thief.send(
        hostile[rule].map(([, frame]) => frame),
        shortcut,
      );
    await until('all frames are refused', async () => Object.keys((await refusedByShortcut(scene)) ?? {}).length === rules.length);
    expect(await refusedByShortcut(scene)).toEqual(counts);
    for (const reason of rules) {
      const event = await ofVictim.logged({ kind: 'drops', reason });
      expect(event).toMatchObject({ member: { id: 3 }, frames: counts[reason] });
      if (reason === rules[0]) await scene.explains('victim', Number(event['port']));
    }
    const words = await user.do('victim', 'group');
    for (const rule of rules)
      expect(words).toMatch(new RegExp(`member 3 sent frames by its shortcut that were refused: .*\\b${rule} ${counts[rule]}\\b`));

    // A flood is cut to its rate, and starves no one.
    const flood = frameOf(0x88b5, new Uint8Array(46));
    for (let burst = 0; burst < 20; burst++) thief.send(Array.from({ length: 200 }, () => flood));
    expect(await events.logged({ kind: 'drops', port, reason: 'flooding' })).toMatchObject({ member });

    for (const address of ['10.77.0.1', '10.77.0.11']) await answer(guest, address);
    await events.logged({ kind: 'lease', change: 'renewed', mac: formatMac(victim) }, { from: events.lines.length });
    for (const address of ['10.77.0.1', '10.77.0.11']) await answer(guest, address);
    expect(guest.lines.slice(begun).filter((line) => !line.includes('answers in'))).toEqual([]);
    // The server tells only that its own address was claimed.
    const harm = /"event":"(?:conflict|lease-declined|lease-released|lease-expired|duplicate-client|nak)"/;
    expect(master.lines.filter((line) => harm.test(line) && !line.includes('"address":"10.77.0.1"'))).toEqual([]);
  });
});
