import { statSync, readFileSync, existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OneUser } from './group-rig.ts';
import type { Running } from './running.ts';
import { bin, useStage } from './stage.ts';
import { Terminal } from './terminal.ts';

const done = { status: 0, signal: null };

/** Returns what others see of a process: its arguments. */
const argumentsOf = ({ pid }: Running): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1');

describe('a line by which hosts join', { timeout: 60_000 }, () => {
  const stage = useStage(['script']);

  it('is in a file that its user alone reads, at the first start only, and in no log', async () => {
    const user = new OneUser(stage);
    const words = [bin('etherloom'), 'master', '--listen', '127.0.0.1:0', '--line-file', user.lineFile(), ...user.place('m')];
    // Without a mask: the mode is that of the program.
    const start = (): Running => stage.start(['sh', '-c', 'umask 0 && exec "$@"', 'sh', ...words], { env: user.env });
    const first = start();
    await first.line(/^ready$/);
    const line = user.line();
    expect(line).toMatch(/^127\.0\.0\.1:\d+\/[a-z2-7]{32}\.[a-z2-7]{8}\.[a-z2-7]{26}$/);
    for (const path of [user.lineFile(), ...['identity.pem', 'api'].map((name) => `${user.state('m')}/${name}`)])
      expect(statSync(path).mode & 0o777, path).toBe(0o600);
    await first.end();
    const again = start();
    await again.line(/^ready$/);
    await again.line(/hosts join by a line: make one with .*etherloom token new --state/);
    expect(user.line()).toBe(line);
    expect([first, again].flatMap(({ lines }) => lines).join('\n')).not.toContain(line.split('.').at(-1));
  });

  it('is printed on a terminal', async () => {
    const user = new OneUser(stage);
    const terminal = new Terminal(stage, bin('etherloom'), 'master', '--listen', '127.0.0.1:0', ...user.place('m'));
    await terminal.shows(/within 24 hours, run:\r\n {2}etherloom join 127\.0\.0\.1:\d+\/[a-z2-7]{32}\.[a-z2-7]{8}\.[a-z2-7]{26}\r\n/);
  });

  it('is taken from standard input and the environment, where nobody sees it in the list of processes', async () => {
    const user = new OneUser(stage);
    await user.master();
    const line = user.line();
    const secret = line.split('.').at(-1) ?? '';
    const piped = user.start('one', 'join', '-');
    piped.stdin.end(`etherloom join ${line}\n`);
    const words = [bin('etherloom'), 'join', ...user.place('two')];
    const given = stage.start(words, { env: { ...user.env, ETHERLOOM_LINE: line } });
    for (const slave of [piped, given]) {
      await slave.line(/^ready$/);
      await slave.line(/"msg":"linked to /);
      expect(argumentsOf(slave)).not.toContain(secret);
      expect(slave.lines.join('\n')).not.toContain(secret);
    }
    // The token plays no part after the join.
    for (const name of ['one', 'two']) expect(readFileSync(`${user.state(name)}/membership.json`, 'utf8')).not.toContain(secret);
  });

  it('joins alone by --only, once: the same host is the same slave with it, and without', async () => {
    const user = new OneUser(stage);
    const master = await user.master();
    const line = await user.newLine();
    const only = await user.run('join', line, '--only', '--name', 'web', ...user.place('one'));
    expect(only).toEqual({ ...done, text: expect.stringMatching(/^id 1$/m) as string });
    await master.line(/joined as web by token [a-z2-7]{8}: it is new/);
    expect(existsSync(stage.path('one'))).toBe(false);
    for (const words of [['slave'], ['join', line], ['join']]) {
      const slave = user.start('one', ...words);
      await slave.line(/^id 1$/);
      await slave.line(/"msg":"linked to /);
      await slave.end();
    }
    const refused = await user.run('join', line, '--only', ...user.place('two'));
    expect(refused).toMatchObject({ status: 1, text: expect.stringMatching(/has been used already; join by a new line/) as string });
  });
});
