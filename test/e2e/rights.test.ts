import { lstatSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gidNamed } from '../../src/system/accounts.ts';
import { actAs, everyRights, type Actor } from '../rights.ts';
import type { Running } from './running.ts';
import { bin, poisoned, useStage } from './stage.ts';

const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

describe.each(everyRights)('a switch for a group, run by %s', { timeout: 60_000 }, (rights) => {
  const stage = useStage(['vde_plug']);

  /** Returns the number of the actor's second group outside of its namespace. */
  const groupOf = (actor: Actor): number => lstatSync(actor.path('group')).gid;

  async function start(actor: Actor, ...command: readonly string[]): Promise<Running> {
    const group = actor.groups[1];
    expect(actor.run(actor.command(['sh', '-c', `touch group && chgrp ${group} group`]))).toMatchObject({ status: 0 });
    const ours = stage.start(actor.command(command), poisoned);
    await ours.line(/^ready$/);
    return ours;
  }

  it('vde_switch -m 660 -g GROUP --mgmtgroup GROUP: all sockets are of the group, and vde_plug gets its port', async (context) => {
    const actor = actAs(rights, context);
    const [directory, console] = [actor.path('sw'), actor.path('console')];
    const group = actor.groups[1];
    const ours = await start(
      actor,
      bin('vde_switch'),
      '-s',
      directory,
      '-m',
      '660',
      '-g',
      group,
      '--nostdin',
      '-M',
      console,
      '--mgmtmode',
      '620',
      '--mgmtgroup',
      group,
    );
    stage.start(actor.command(['vde_plug', directory]));
    await ours.line(/port 1: unix prog/);
    stage.start(actor.command(['vde_plug', `${directory}[0]`]));
    await ours.line(/port 0: unix prog/);
    const files = [directory, `${directory}/ctl`, console, ...readdirSync(directory).map((name) => `${directory}/${name}`)];
    const groups = files.filter((path) => !/\/\.\d/.test(path)).map((path) => lstatSync(path).gid);
    expect(new Set(groups)).toEqual(new Set([groupOf(actor)]));
    expect([modeOf(directory), modeOf(`${directory}/ctl`), modeOf(console)]).toEqual(['2770', '660', '620']);
    const { status, stdout } = actor.run(actor.command([bin('vdecmd'), '-s', console, 'port/allprint']));
    expect([status, stdout]).toEqual([0, expect.stringContaining('Port 0001')]);
  });

  it('etherloom switch --mode 660 --group GROUP --mgmtgroup GROUP serves, and has its console', async (context) => {
    const actor = actAs(rights, context);
    const [directory, console] = [actor.path('sw'), actor.path('console')];
    const group = actor.groups[1];
    const ours = await start(
      actor,
      bin('etherloom'),
      'switch',
      '--sock',
      directory,
      '--mode',
      '660',
      '--group',
      group,
      '--mgmt',
      console,
      '--mgmtmode',
      '660',
      '--mgmtgroup',
      group,
    );
    stage.start(actor.command(['vde_plug', directory]));
    await ours.line(/port 1: unix prog/);
    expect([directory, `${directory}/ctl`, console].map((path) => lstatSync(path).gid)).toEqual(Array(3).fill(groupOf(actor)));
    expect(modeOf(console)).toBe('660');
  });
});

describe.each(['root', 'root without CAP_NET_ADMIN'] as const)('a switch with -m 666, run by %s', { timeout: 60_000 }, (rights) => {
  const stage = useStage(['vde_plug']);

  it("gives a client of another user its port, and the port's socket", async (context) => {
    const [actor, client] = [actAs(rights, context), actAs('a user in two groups', context)];
    const directory = actor.path('sw');
    const ours = stage.start(actor.command([bin('vde_switch'), '-s', directory, '-m', '666', '--nostdin']), poisoned);
    await ours.line(/^ready$/);
    stage.start(client.command(['vde_plug', directory]));
    await ours.line(/port 1: unix prog/);
    const name = readdirSync(directory).find((entry) => entry.startsWith('001.')) ?? '';
    expect(lstatSync(`${directory}/${name}`)).toMatchObject({ uid: client.uid, gid: 0 });
    expect(gidNamed(client.groups[0])).not.toBe(0);
  });

  it('refuses it without CAP_CHOWN, as the original does, and says why', async (context) => {
    const [actor, client] = [actAs(rights, context), actAs('a user in two groups', context)];
    const directory = actor.path('sw');
    const without = ['setpriv', '--bounding-set=-chown', '--inh-caps=-chown'];
    const command = actor.command([bin('vde_switch'), '-s', directory, '-m', '666', '--nostdin']);
    const ours = stage.start([...without, ...command], poisoned);
    await ours.line(/^ready$/);
    const plug = stage.start(client.command(['vde_plug', directory]));
    await ours.line(new RegExp(`refused .*: cannot give ${directory}/001\\.\\d+ to uid ${client.uid}: .*EPERM.* CAP_CHOWN`));
    expect((await plug.exit).status).not.toBe(0);
    expect(readdirSync(directory).filter((name) => name.startsWith('001.'))).toEqual([]);
  });
});

describe('a switch that another user may not reach', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it.for([
    { options: [], closed: 'directory is 0700' },
    { options: ['--dirmode', '755'], closed: 'socket is 0644' },
  ])('says so with $options: which mode, which owner, and what to do', async ({ options, closed }, context) => {
    const [actor, client] = [actAs('root', context), actAs('a user in two groups', context)];
    const directory = actor.path('sw');
    const ours = stage.start(actor.command([bin('vde_switch'), '-s', directory, '--nostdin', ...options]), poisoned);
    await ours.line(/^ready$/);
    const { status, stderr } = client.run(client.command([bin('vde_plug'), directory]));
    expect([status, stderr.trim()]).toEqual([
      1,
      `vde_plug: cannot connect to ${directory}/ctl: permission denied (EACCES); the mode of that ${closed} and its owner root;` +
        ' run as that user, or start the switch with -m 666',
    ]);
  });
});

describe('a switch in a user namespace', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('refuses clients of users that have no number there', async (context) => {
    const [actor, client] = [actAs('a user namespace with one group', context), actAs('root', context)];
    const directory = actor.path('sw');
    const ours = stage.start(actor.command([bin('vde_switch'), '-s', directory, '-m', '666', '--nostdin']), poisoned);
    await ours.line(/^ready$/);
    expect(client.run(client.command([bin('vde_plug'), directory]))).toMatchObject({ status: 1 });
    await ours.line(/refused the client of uid 65534, .*: uid 65534 stands for all users/);
  });
});

describe('a switch whose ports are all in use', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('refuses the next client with what gives more', async () => {
    const directory = stage.path('sw');
    const ours = await stage.vdeSwitch('-s', directory, '-n', '2', '--nostdin');
    stage.start([bin('vde_plug'), directory]);
    await ours.line(/port 1: unix prog/);
    const { status, text } = await stage.run([bin('vde_plug'), directory]);
    expect([status, text]).toEqual([1, expect.stringContaining('all are in use (start it with a higher -n)')]);
    await ours.line(/all 1 ports of the switch are in use; start the switch with a higher --numports \(-n\)/);
    await stage.run([bin('vde_plug'), `${directory}[7]`]);
    await ours.line(/the switch does not have port 7: its ports are 1 to 1; start the switch with a higher --numports/);
  });
});
