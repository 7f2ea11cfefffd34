import { describe, expect, it } from 'vitest';
import { OneUser } from './group-rig.ts';
import { useStage } from './stage.ts';

describe('two groups on one machine', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  /** Starts two masters, and a slave of each by the same user. */
  const open = async (): Promise<OneUser> => {
    const user = new OneUser(stage);
    await Promise.all(['m', 'n'].map(async (name) => user.master(name)));
    await Promise.all([user.join('m1', user.line('m')), user.join('n1', user.line('n'))]);
    return user;
  };

  it('are listed by a command without --state, which does nothing', async () => {
    const user = await open();
    const before = (await user.members()).get(1);
    for (const words of [['group'], ['group', 'kick', '1'], ['group', 'end'], ['group', 'leave'], ['status']]) {
      const { status, text } = await user.run(...words);
      expect(status, words.join(' ')).toBe(1);
      for (const name of ['m', 'n', 'm1', 'n1'])
        expect(text).toMatch(new RegExp(`--state ${user.state(name)} \\(pid \\d+, (\\S+ of )?group [a-z2-7]{16}\\)`));
      expect(text).toMatch(/4 services of this user run.*choose one$/);
    }
    // Only masters make tokens.
    const { status, text } = await user.run('token', 'new');
    expect([status, text]).toEqual([1, expect.stringMatching(/^etherloom: 2 services of this user run/)]);
    expect((await user.members()).get(1)).toMatchObject({ name: before?.name, fingerprint: before?.fingerprint });
    expect(await user.run('group', 'kick', '1', '--state', user.state('n'))).toMatchObject({ status: 0 });
    expect((await user.members()).has(1)).toBe(true);
    expect((await user.members('n')).has(1)).toBe(false);
  });

  it('are not mixed up: the line, the token and the address of one are refused by the other', async () => {
    const user = await open();
    const [m, n] = ['m', 'n'].map((name) => {
      const [place = '', rest = ''] = user.line(name).split('/');
      const [pin = '', ...token] = rest.split('.');
      return { place, pin, token: token.join('.') };
    }) as [Line, Line];
    const refused = async (name: string, line: string): Promise<string> => {
      const { status, text } = await user.run('join', line, '--only', ...user.place(name));
      expect(status, line).toBe(1);
      return text;
    };
    // The state of one group, and the line of the other.
    const text = await refused('x', user.line('m').replace(m.token, n.token));
    expect(text).toContain('the token is not valid; join by a new line');
    await user.run('join', user.line('m'), '--only', ...user.place('x'));
    const both = await refused('x', user.line('n'));
    for (const pin of [m.pin, n.pin]) expect(both).toContain(`pin ${pin}`);
    // The address of one, and the pin of the other: no octet of the token is sent, and nothing is told but the keys.
    const strange = user.start('y', 'join', `${n.place}/${m.pin}.${m.token}`);
    const [said] = await strange.line(/no master at .*/);
    expect(said).toContain(n.pin);
    expect([...(await user.members('n')).keys()]).toEqual([0, 1]);
  });

  it('do not share sockets: the directory of one is refused to a node of the other', async () => {
    const user = await open();
    const words = ['join', await user.newLine('m'), '--only', '--sock', stage.path('n1'), '--state', user.state('x')];
    expect(await user.run(...words)).toMatchObject({ status: 1, text: expect.stringMatching(/in use|another|runs/) as string });
    const other = ['slave', '--sock', stage.path('x'), '--state', user.state('n1')];
    expect(await user.run(...other)).toMatchObject({
      status: 1,
      text: expect.stringMatching(/another etherloom process holds it/) as string,
    });
    // A command at a slave is about its own group.
    expect((await user.members('n1')).get(0)?.fingerprint).toBe((await user.members('n')).get(0)?.fingerprint);
  });
});

/** The parts of a line. */
interface Line {
  readonly place: string;
  readonly pin: string;
  readonly token: string;
}
