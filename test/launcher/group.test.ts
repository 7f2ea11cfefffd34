import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseInvitation } from '../../src/star/invitation.ts';
import { ConsoleClient } from '../daemon/managed-stage.ts';
import { eventually } from '../eventually.ts';
import { Nodes } from './nodes.ts';

describe('a slave that joins by a line', () => {
  it('is linked through TLS, and is the same one after a restart of both, with the line and without', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const invitation = parseInvitation((await master.newLines())[0] ?? '');
    const linked = nodes.says(/^port \d+: tls 127/);
    const slave = await nodes.joined(undefined, 'one', { join: { invitation } });
    await linked;
    expect(slave.id).toBe(1);
    await slave[Symbol.asyncDispose]();
    await master[Symbol.asyncDispose]();
    const again = await nodes.again(master);
    expect(again.isNew).toBe(false);
    const second = await nodes.joined(undefined, 'one', { join: { invitation } });
    expect(second.id).toBe(1);
    await second[Symbol.asyncDispose]();
    expect((await nodes.joined(undefined, 'one')).id).toBe(1);
  });

  it('has used the token up: another host is refused by it', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const join = { invitation: parseInvitation((await master.newLines())[0] ?? '') };
    await nodes.joined(undefined, 'one', { join });
    await expect(nodes.joined(undefined, 'two', { join })).rejects.toMatchObject({ code: 'refused' });
    // It ends, and does not say that it tries again.
    expect(nodes.logged.filter((line) => line.startsWith('the master refused'))).toEqual([]);
  });

  it('does not send its token to a master with another pin, and names both to a state of another group', async () => {
    const nodes = new Nodes();
    const [one, two] = [await nodes.master({}, 'm1'), await nodes.master({}, 'm2')];
    await nodes.joined(one, 'slave').then((slave) => slave[Symbol.asyncDispose]());
    await expect(nodes.joined(two, 'slave')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/pin [a-z2-7]{32}.*pin [a-z2-7]{32}/) as string,
    });
  });

  it('has no link where its state was copied, while the original is alive, and is let in when that is gone', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const linked = nodes.says(/^linked to/);
    const one = await nodes.joined(master, 'one');
    await linked;
    mkdirSync(nodes.state('copy'), { mode: 0o700 });
    for (const file of ['identity.pem', 'membership.json']) copyFileSync(join(nodes.state('one'), file), join(nodes.state('copy'), file));
    const refused = nodes.says(/^the master refused.*slave 1 is alive at/);
    const mark = nodes.logged.length;
    const copy = nodes.joined(undefined, 'copy');
    await refused;
    expect(nodes.logged.slice(mark).filter((line) => /^(joined|linked)/.test(line))).toEqual([]);
    await one[Symbol.asyncDispose]();
    expect((await copy).id).toBe(1);
  });

  it('has no link while the master refuses it for good, asks once a minute, and goes on with its switch', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const linked = nodes.says(/^linked to/);
    const path = nodes.state('one.mgmt');
    const [line = ''] = await master.newLines();
    const slave = await nodes.joined(undefined, 'one', { join: { invitation: parseInvitation(line) }, management: { console: { path } } });
    await linked;
    const console = await ConsoleClient.open(path);
    expect(await console.say('star/links')).toContain('port 1 up');
    await master[Symbol.asyncDispose]();
    rmSync(join(nodes.state('master'), 'group.journal'));
    const refused = nodes.says(/^the master refused: .*; trying again once a minute$/);
    await nodes.again(master);
    await refused;
    await eventually(async () => expect(await console.say('star/links')).not.toContain('port'));
    expect(nodes.failures).toEqual([]);
    expect(slave.id).toBe(1);
  });

  it('ends with an error when its key was lost to the group, and says so', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await nodes.joined(master, 'one');
    await master.kick(1);
    await eventually(() => expect(nodes.failures[0]?.message).toContain('it was kicked out of the group'));
    await expect(nodes.joined(master, 'three')).resolves.toMatchObject({ id: 2 });
  });
});
