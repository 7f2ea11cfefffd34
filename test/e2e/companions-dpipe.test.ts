import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bin, until, useStage } from './stage.ts';

const first = 'echo one; exec >&-; cat >&2';

describe('dpipe, ours and the original', { timeout: 60_000 }, () => {
  const stage = useStage(['dpipe']);

  it.each([
    ['each speaks to the other', ['sh', '-c', first, '=', 'sed', 's/^/b:/'], 'b:one'],
    ['on the way to the right', ['sh', '-c', first, '=}', 'sed', 's/^/b:/', '}=}', 'sed', 's/^/c:/', '}=', 'sed', 's/^/d:/'], 'd:c:b:one'],
    ['on the way to the left', ['sh', '-c', first, '={', 'sed', 's/^/b:/', '{={', 'sed', 's/^/c:/', '{=', 'sed', 's/^/d:/'], 'b:c:d:one'],
    ['on both ways', ['sh', '-c', first, '=}', 'sed', 's/^/b:/', '}={', 'sed', 's/^/c:/', '{=', 'sed', 's/^/d:/'], 'c:d:b:one'],
    [
      'on both ways, the other first',
      ['sh', '-c', first, '={', 'sed', 's/^/b:/', '{=}', 'sed', 's/^/c:/', '}=', 'sed', 's/^/d:/'],
      'b:d:c:one',
    ],
    [
      'by alternate descriptors',
      ['sh', '-c', first, '=', 'sh', '-c', 'cat >&$ALTERNATE_STDOUT; exec 4>&-; cat <&$ALTERNATE_STDIN', '=', 'sed', 's/^/c:/'],
      'c:one',
    ],
    ['an = with more behind it', ['sh', '-c', first, '=here', 'sed', 's/^/b:/'], 'b:one'],
  ])('joins commands alike: %s', async (_name, line, said) => {
    for (const dpipe of [bin('dpipe'), 'dpipe']) {
      const { status, text } = await stage.run([dpipe, ...line]);
      expect([dpipe, status, text]).toEqual([dpipe, 0, said]);
    }
  });

  it('end with the status of the last command, when all have ended', async () => {
    for (const dpipe of [bin('dpipe'), 'dpipe']) {
      const { status, text } = await stage.run([dpipe, 'sh', '-c', 'sleep 0.3; echo late >&2; exit 3', '=', 'sh', '-c', 'exit 7']);
      expect([dpipe, status, text]).toEqual([dpipe, 7, 'late']);
    }
  });

  it('say which command there is none of, and go on', async () => {
    const ours = await stage.run([bin('dpipe'), 'no-such-command', '=', 'sh', '-c', 'read line || exit 4']);
    expect([ours.status, ours.text]).toEqual([4, 'dpipe: no-such-command: no such command']);
    for (const dpipe of [bin('dpipe'), 'dpipe']) expect((await stage.run([dpipe, 'true', '=', 'no-such-command'])).status).toBe(127);
    expect((await stage.run([bin('dpipe'), '-n', 'true', '=', 'no-such-command'])).status).toBe(127);
  });
});

describe('our dpipe', { timeout: 60_000 }, () => {
  const stage = useStage(['setsid']);
  const dpipe = bin('dpipe');

  it('is not on the way: the commands hold the two ends of each pipe, and dpipe none', async () => {
    const script = (name: string): string => `echo $$ > ${stage.path(name)}; exec sleep 1000`;
    const running = stage.start([dpipe, 'sh', '-c', script('a'), '=', 'sh', '-c', script('b'), '=', 'sh', '-c', script('c')], {
      group: true,
    });
    const pid = (name: string): string => readFileSync(stage.path(name), 'utf8').trim();
    await until('all sleep', () => ['a', 'b', 'c'].every((name) => existsSync(stage.path(name)) && pid(name) !== ''));
    const pipe = (name: string, fd: number): string => readlinkSync(`/proc/${pid(name)}/fd/${fd}`);
    expect(pipe('a', 1)).toBe(pipe('b', 0));
    expect(pipe('b', 1)).toBe(pipe('a', 0));
    expect(pipe('b', 4)).toBe(pipe('c', 0));
    expect(pipe('c', 1)).toBe(pipe('b', 3));
    const { text } = await stage.run(['ls', '-l', `/proc/${running.pid}/fd`]);
    for (const end of [pipe('a', 0), pipe('a', 1), pipe('c', 0), pipe('c', 1)]) {
      expect(end).toMatch(/^pipe:/);
      expect(text).not.toContain(end);
    }
    expect(readFileSync(`/proc/${running.pid}/comm`, 'utf8')).toBe('dpipe\n');
  });

  it('runs as the leader of a session, where the original does not', async () => {
    const { status } = await stage.run(['setsid', '-w', dpipe, 'true', '=', 'sh', '-c', 'exit 7']);
    expect(status).toBe(7);
  });

  it.each([['--help'], ['-z'], ['only', 'one'], ['a', '=}', 'b', '=', 'c']])(
    'does not end who asks it for what it cannot: %j',
    async (...args) => {
      const { status, text } = await stage.run(['sh', '-c', `"$0" "$@"; echo alive $?`, dpipe, ...args]);
      expect(status).toBe(0);
      expect(text).toMatch(/usage: dpipe/);
      expect(text).toContain(args[0] === '--help' ? 'alive 0' : 'alive 1');
    },
  );

  it('ends all that it started when it is told to: with what they started, and by force who does not heed it', async () => {
    const deaf = `trap '' TERM; echo deaf >&2; while :; do sleep 1000; done`;
    const running = stage.start([dpipe, 'sh', '-c', 'sleep 1000 & echo up >&2; wait', '=', 'sh', '-c', deaf], { group: true });
    await running.line(/^up$/);
    await running.line(/^deaf$/);
    process.kill(running.pid, 'SIGTERM');
    expect(await running.exit).toEqual({ status: 0, signal: null });
    // Its group has no process left.
    await until('all have ended', () => {
      try {
        return !process.kill(-running.pid, 0);
      } catch {
        return true;
      }
    });
  });

  it('hands signals on to the commands', async () => {
    const script = `trap 'echo int >&2; exit 5' INT; trap 'echo usr1 >&2' USR1; echo up >&2; while :; do sleep 0.05; done`;
    const running = stage.start([dpipe, 'true', '=', 'sh', '-c', script]);
    await running.line(/^up$/);
    process.kill(running.pid, 'SIGUSR1');
    await running.line(/^usr1$/);
    process.kill(running.pid, 'SIGINT');
    expect(await running.exit).toEqual({ status: 5, signal: null });
    expect(running.lines).toContain('int');
  });

  it('writes its process id and its group to files, as long as it runs', async () => {
    const [pidfile, pgrpfile] = [stage.path('pid'), stage.path('pgrp')];
    writeFileSync(pidfile, 'a letter\n');
    const refused = await stage.run([dpipe, '-p', pidfile, 'true', '=', 'true']);
    expect([refused.status, refused.text]).toEqual([1, expect.stringContaining(`${pidfile} contains something other than a process id`)]);
    expect(readFileSync(pidfile, 'utf8')).toBe('a letter\n');
    // Left by a dpipe that was killed: no process has that id.
    writeFileSync(pidfile, '4194303\n');
    const running = stage.start([dpipe, '-p', pidfile, '-P', pgrpfile, 'sleep', '1000', '=', 'sh', '-c', 'echo up >&2; exec sleep 1000']);
    await running.line(/^up$/);
    expect([readFileSync(pidfile, 'utf8'), readFileSync(pgrpfile, 'utf8')]).toEqual([`${running.pid}\n`, `-${running.pid}\n`]);
    process.kill(Number(readFileSync(pgrpfile, 'utf8')), 'SIGTERM');
    expect(await running.exit).toEqual({ status: 0, signal: null });
    expect([existsSync(pidfile), existsSync(pgrpfile)]).toEqual([false, false]);
  });

  it('goes to the background with all of them, at the root', async () => {
    const [pidfile, place] = [stage.path('pid'), stage.path('place')];
    const { status, text } = await stage.run([
      dpipe,
      '-d',
      '-p',
      pidfile,
      'sleep',
      '1000',
      '=',
      'sh',
      '-c',
      `pwd > ${place}; exec sleep 1000`,
    ]);
    expect([status, text]).toEqual([0, '']);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    await until('it says where it is', () => existsSync(place) && readFileSync(place, 'utf8') === '/\n');
    process.kill(pid, 'SIGTERM');
    await until('its pidfile is gone', () => !existsSync(pidfile));
  });

  it.each([
    ['-n', false],
    ['-N', true],
  ])('with %s becomes the last command, which starts like any other', async (option, stays) => {
    const pidfile = stage.path('pid');
    const script = `cat ${pidfile} >&2; echo $$ >&2; grep -E 'Sig(Ign|Blk)' /proc/self/status >&2; exit 9`;
    const running = stage.start([dpipe, option, '-p', pidfile, 'true', '=', 'sh', '-c', script]);
    expect(await running.exit).toEqual({ status: 9, signal: null });
    expect(running.lines.slice(0, 2)).toEqual([String(running.pid), String(running.pid)]);
    expect(running.lines.slice(2).map((line) => Number(line.split('\t')[1]))).toEqual([0, 0]);
    if (stays) expect(existsSync(pidfile)).toBe(true);
    else await until('the pidfile is gone', () => !existsSync(pidfile));
  });
});
