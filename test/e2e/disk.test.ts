import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mountFlags } from './peers.ts';
import { bin, freePort, poisoned, useStage, type Output } from './stage.ts';
import type { Running } from './running.ts';

/** Commands that make a file system of 256 KiB read-only, or full. */
const readOnly = 'mkdir -m 700 "$0/empty"; mount -o remount,bind,ro "$0"';
const full = 'cat /dev/zero > "$0/filler" 2> /dev/null; mkdir -m 700 "$0/empty"';

describe('a disk that takes nothing', { timeout: 60_000 }, () => {
  const stage = useStage(['mounts']);

  /** Returns the words that run a command which sees a file system that was prepared so at `disk`. */
  const on = (prepare: string, command: readonly string[]): readonly string[] => {
    mkdirSync(stage.path('disk'), { recursive: true });
    const mount = 'mount -t tmpfs -o size=256k,mode=700 none "$0"';
    return ['unshare', mountFlags() ?? '', 'sh', '-c', `${mount}; ${prepare}; exec "$@"`, stage.path('disk'), ...command];
  };
  const run = (prepare: string, command: readonly string[]): Promise<Output> => stage.run(on(prepare, command));
  const disk = (name: string): string => stage.path('disk', name);
  const master = (state: string): string[] => [bin('etherloom'), ...stage.masterWords({ state: `disk/${state}` })];

  it.each([
    ['a state that is to be made', () => master('new'), /cannot create .*disk\/new: read-only file system \(EROFS\); .*--state/],
    ['a state that is there', () => master('empty'), /cannot use .*disk\/empty: read-only file system \(EROFS\); .*--state/],
    [
      'a directory of sockets',
      () => [bin('etherloom'), 'switch', '--sock', disk('s')],
      /cannot make the directory .*disk\/s: read-only file system \(EROFS\)/,
    ],
    [
      'a directory of sockets that is there',
      () => [bin('vde_switch'), '-s', disk('empty')],
      /cannot set the mode of .*disk\/empty: read-only file system \(EROFS\)/,
    ],
    [
      "a guest's image",
      () => [bin('etherloom'), 'guest', 'build', disk('guest')],
      /cannot build the guest in .*disk\/guest: read-only file system \(EROFS\)/,
    ],
    [
      'a socket of a port',
      () => [bin('etherloom'), 'switch', '--sock', stage.path('s'), '--port', `qemu-stream-listen://${disk('q')}`],
      /cannot bind .*disk\/q: read-only file system \(EROFS\)/,
    ],
  ])('that is read-only is named: %s', async (_, command, message) => {
    const { status, text } = await run(readOnly, command());
    expect(text).toMatch(message);
    expect(status).toBeGreaterThan(0);
  });

  it.each([
    ['the state of a master', () => master('empty'), /cannot write .*\/network\.json: no space left on the disk \(ENOSPC\); .*--state/],
    [
      'the state of a slave',
      () => [bin('etherloom'), 'slave', '--master', '127.0.0.1:1', '--sock', stage.path('s'), '--state', disk('empty')],
      /cannot write .*\/membership\.json: no space left on the disk \(ENOSPC\); .*--state/,
    ],
  ])('that is full is named: %s', async (_, command, message) => {
    const { status, text } = await run(full, command());
    expect(text).toMatch(message);
    expect(status).toBe(1);
  });

  /**
   * Starts a command that has two lives: the second begins when `next` is called, and its disk takes nothing. Returns it when the first one is
   * ready.
   */
  const twice = async (words: readonly string[]): Promise<{ both: Running; next: () => Promise<number> }> => {
    const fifo = stage.path('fifo');
    const script = '"$@" & first=$!; read -r line < "$FIFO"; kill $first; wait $first';
    await stage.run(['mkfifo', fifo]);
    const both = stage.start(on(`FIFO=${fifo}; ${script}; mount -o remount,bind,ro "$0"`, words), poisoned);
    await both.line(/^ready$/);
    const next = async (): Promise<number> => {
      const from = both.lines.length;
      await stage.run(['sh', '-c', `echo go > ${fifo}`]);
      await both.line(/^ready$/, { from });
      return from;
    };
    return { both, next };
  };
  const slaveWords = (port: number, name: string, state = stage.path(`${name}.state`)): string[] => {
    const place = ['--sock', stage.path(name), '--state', state];
    return ['slave', '--master', `127.0.0.1:${port}`, ...place];
  };

  it('that is read-only when a master comes back keeps no leases and no new slave, and that is said; slaves that are known join', async () => {
    const port = await freePort();
    const { both, next } = await twice([...master('state'), '--listen', `127.0.0.1:${port}`]);
    const slave = await stage.etherloom(...slaveWords(port, 's'));
    expect(slave.lines).toContain('id 1');
    const from = await next();
    const said = slave.lines.length;
    await slave.line(/joined as slave 1/, { from: said });
    await slave.line(/linked to/, { from: said });
    await both.line(/cannot keep a change of the group: .*EROFS\); members still come back, and new ones are refused/, { from });
    const fresh = stage.start([bin('etherloom'), ...slaveWords(port, 't')], poisoned);
    await fresh.line(
      /refused for now: the master cannot keep the id: cannot write .*group\.journal: read-only file system \(EROFS\); trying/,
    );
    const station = await stage.etherloom('station', '--sock', stage.path('s'), '--id', '1');
    await both.line(/leases cannot be kept: cannot write .*leases\.journal: read-only file system \(EROFS\); /, { from });
    expect(station.lines.join('\n')).not.toContain('ready, 10.77');
    expect(await both.end()).toEqual({ status: 0, signal: null });
  });

  it('that is read-only when a slave comes back stores no answer of the master, and that is said once; the slave joins and links', async () => {
    const port = await freePort();
    const main = await stage.etherloom(...stage.masterWords({ port }));
    const { both, next } = await twice([bin('etherloom'), ...slaveWords(port, 's', disk('state'))]);
    const second = await next();
    await both.line(/linked to/, { from: second });
    expect(both.lines.slice(second).join('\n')).toContain('joined as slave 1');
    await main.end();
    // The next master knows it by the incarnation that is stored, and has offered another one since.
    const third = both.lines.length;
    await stage.etherloom(...stage.masterWords({ port }));
    await both.line(/joined as slave 1/, { from: third });
    await both.line(/linked to/, { from: third });
    const notStored = both.lines.filter((line) => line.includes('the answer of the master is not stored'));
    expect(notStored).toEqual([expect.stringMatching(/cannot write .*membership\.json: read-only file system \(EROFS\); .*goes on/)]);
    expect(await both.end()).toEqual({ status: 0, signal: null });
  });
});

describe('a directory in which nothing can be made', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it.each([
    ['HOME', { HOME: '/proc' }, []],
    ['--state', {}, ['--state', '/proc/x/y']],
  ])('ends a master and a slave with its name: %s', async (_, env, state) => {
    const roles = [
      ['master', '--listen', '127.0.0.1:0', '--subnet', '10.77.0.0/24'],
      ['slave', '--master', '127.0.0.1:1'],
    ];
    for (const role of roles) {
      const { status, text } = await stage.run([bin('etherloom'), ...role, '--sock', stage.path('s'), ...state], { env });
      expect([status, text]).toEqual([
        1,
        expect.stringMatching(/cannot create \/proc\/.*\(ENOENT\); choose another directory with --state$/),
      ]);
    }
  });
});
