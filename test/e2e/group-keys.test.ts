import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OneUser } from './group-rig.ts';
import { useStage } from './stage.ts';

const done = { status: 0, signal: null };
const failed = { status: 1, signal: null };

/** Returns the pin of a line. */
const pinOf = (line: string): string => /\/([a-z2-7]+)\./.exec(line)?.[1] ?? '';

describe('a master that lost its key', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('is refused with both pins, and accepted by --new-master: a slave keeps its key and its id', async () => {
    const user = new OneUser(stage);
    const first = await user.master();
    const line = user.line();
    for (const name of ['a', 'b']) expect(await user.run('join', line, '--only', ...user.place(name))).toMatchObject(done);
    const [place = ''] = line.split('/');
    await first.end();
    rmSync(join(user.state('m'), 'identity.pem'));
    await user.master('m', '--listen', place);
    const next = await user.newLine();
    const slave = user.start('b', 'slave');
    const said = await slave.line(/no master at .*/);
    for (const pin of [line, next].map(pinOf)) expect(said[0]).toContain(pin);
    expect(slave.lines).not.toContain('ready');
    await slave.end();
    const refused = await user.run('join', next, ...user.place('b'));
    expect(refused).toMatchObject({ ...failed, text: expect.stringContaining('--new-master') as string });
    for (const pin of [line, next].map(pinOf)) expect(refused.text).toContain(`pin ${pin}`);
    const key = readFileSync(join(user.state('b'), 'identity.pem'), 'utf8');
    const again = await user.join('b', next, '--new-master');
    await again.line(/^id 2$/);
    await again.line(/"msg":"linked to /);
    expect(readFileSync(join(user.state('b'), 'identity.pem'), 'utf8')).toBe(key);
    // It needed no token: that one is still there for a new host.
    expect(await user.run('join', next, '--only', ...user.place('c'))).toMatchObject({
      ...done,
      text: expect.stringMatching(/^id 3$/m) as string,
    });
  });

  it('is not taken for the master of another group', async () => {
    const user = new OneUser(stage);
    await Promise.all(['m', 'n'].map(async (name) => user.master(name)));
    expect(await user.run('join', user.line('m'), '--only', ...user.place('s'))).toMatchObject(done);
    const { group } = JSON.parse(await user.do('m', 'group', '--json')) as { group: string };
    const other = (JSON.parse(await user.do('n', 'group', '--json')) as { group: string }).group;
    const slave = user.start('s', 'join', user.line('n'), '--new-master');
    const [said] = await slave.line(/the master refused.*/);
    for (const name of [group, other]) expect(said).toContain(`group ${name}`);
    expect(slave.lines).not.toContain('ready');
    expect((await user.members('n')).get(1)?.state ?? 'none').not.toBe('linked');
  });
});

describe('a state directory that was copied', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('is found though its original is off; identity new makes another host of it, by a new line', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    expect(await user.run('join', user.line(), '--only', ...user.place('s'))).toMatchObject(done);
    cpSync(user.state('s'), user.state('copy'), { recursive: true });
    await (await user.join('s', user.line())).end();
    const copy = user.start('copy', 'slave');
    const [said] = await copy.line(/the master refused.*/);
    expect(said).toMatch(/the state of node 1 \(.*\) was copied or restored: another process has used it since/);
    for (const way of ['etherloom group takeover 1', 'etherloom identity new']) expect(said).toContain(way);
    await master.line(/refused the slave at .*was copied or restored/);
    expect(copy.lines.filter((line) => /^ready$|linked to/.test(line))).toEqual([]);
    expect(await user.run('identity', 'new', '--state', user.state('copy'))).toMatchObject({
      ...failed,
      text: expect.stringContaining('another etherloom process') as string,
    });
    await copy.end();

    const before = readFileSync(join(user.state('copy'), 'identity.pem'), 'utf8');
    const fingerprint = await user.do('copy', 'identity', 'new');
    expect(fingerprint).toMatch(/^[a-z2-7]{32}$/);
    expect(readFileSync(join(user.state('copy'), 'identity.pem'), 'utf8')).not.toBe(before);
    expect(existsSync(join(user.state('copy'), 'membership.json'))).toBe(false);
    await user.join('copy', await user.newLine());
    await user.join('s', user.line());
    const members = await user.members();
    expect([...members.keys()]).toEqual([0, 1, 2]);
    expect(members.get(2)?.fingerprint).toBe(fingerprint);
  });

  it('does not take the place of a living original: takeover lists both, and lets in the one that is chosen, with a new key', async () => {
    const user = new OneUser(stage);
    await user.master();
    expect(await user.run('join', user.line(), '--only', '--name', 'web', ...user.place('s'))).toMatchObject(done);
    cpSync(user.state('s'), user.state('copy'), { recursive: true });
    const original = await user.join('s', user.line());
    const before = (await user.members()).get(1)?.fingerprint;
    expect(await user.do('m', 'group', 'takeover', '1')).toBe('no process presents the key of member 1 now');
    const copy = user.start('copy', 'slave');
    await copy.line(/the master refused for now: slave 1 is alive at .*etherloom group takeover 1/);
    expect(await user.do('m', 'group')).toContain('the key of member 1, web, was copied: etherloom group takeover 1');
    const list = await user.do('m', 'group', 'takeover', '1');
    expect(list).toMatch(/^1 {2}\S+ +127\.0\.0\.1:\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +the member$/m);
    expect(list).toMatch(/^2 {2}\S+ +127\.0\.0\.1:\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +refused$/m);
    expect(copy.lines).not.toContain('ready');
    expect(original.lines.filter((line) => line.includes('no master'))).toEqual([]);

    expect(await user.do('m', 'group', 'takeover', '1', '2')).toContain('process 2 is member 1');
    await copy.line(/a new key: it is made/);
    await copy.line(/^ready$/);
    await copy.line(/"msg":"linked to /);
    expect(await original.exit).toEqual(failed);
    expect(original.lines.at(-1)).toContain('another key has taken over its id');
    const member = (await user.members()).get(1);
    expect(member).toMatchObject({ name: 'web' });
    expect(member?.fingerprint).not.toBe(before);
    const again = user.start('s', 'slave');
    await again.line(/the master refused: the key of node 1 \(web\) was replaced by a new key/);
  });
});
