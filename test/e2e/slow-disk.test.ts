import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { onSlowDisk, slowness } from './slow-disk.ts';
import { bin, freePort, poisoned, until, useStage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

/** The longest pause allowed between two frames, in milliseconds. */
const longestPause = 1000;

/** Sends frames from one to the other until that is so, and returns the longest pause between two of them, in milliseconds. */
async function longestPauseUntil(what: string, from: VdeStation, to: VdeStation, isSo: () => boolean, size = 60): Promise<number> {
  let [last, longest, serial] = [performance.now(), 0, 0];
  await until(
    what,
    () => {
      from.send([from.frame(to.number, ++serial, size)]);
      to.awaitFrame();
      to.skip();
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      return isSo();
    },
    60_000,
  );
  return longest;
}

async function stationsAt(directory: string): Promise<[VdeStation, VdeStation]> {
  const [left, right] = [await VdeStation.plug(directory), await VdeStation.plug(directory)];
  right.send([right.frame('all', 0)]);
  left.awaitFrame();
  left.skip();
  return [left, right];
}

describe('a slow disk', { timeout: 120_000 }, () => {
  const stage = useStage(['strace', 'socat', 'tshark']);

  it('makes slaves wait for their ids, and guests for their leases, but no frame', async () => {
    const port = await freePort();
    const star = ['--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', '--sock', stage.path('m'), '--state', stage.path('ms')];
    // The files that a master makes once exist.
    await (await stage.etherloom('master', ...star)).end();
    const master = stage.start(onSlowDisk([bin('etherloom'), 'master', ...star], 'fsync,fdatasync,pwrite64'), poisoned);
    await master.line(/^ready$/, { timeout: 60_000 });
    const [left, right] = await stationsAt(stage.path('m'));
    const began = performance.now();
    const slaves = [1, 2].map((n) =>
      stage.start(
        [bin('etherloom'), 'slave', '--master', `127.0.0.1:${port}`, '--sock', stage.path(`s${n}`), '--state', stage.path(`ss${n}`)],
        poisoned,
      ),
    );
    const guest = stage.start([bin('etherloom'), 'station', '--sock', stage.path('m'), '--id', '7'], poisoned);
    const joined = (): boolean => slaves.every(({ lines }) => lines.includes('ready'));
    const leased = (): boolean => guest.lines.some((line) => /ready, 10\.77\.0\.\d+/.test(line));
    const pause = await longestPauseUntil('all have joined', left, right, () => joined() && leased());
    expect(pause).toBeLessThan(longestPause);
    expect(slaves.map(({ lines }) => lines.find((line) => line.startsWith('id '))).sort()).toEqual(['id 1', 'id 2']);
    // It was slow.
    expect(performance.now() - began).toBeGreaterThan(slowness);
  });

  it('makes the end of a capture wait, but no frame', async () => {
    const [directory, console, path] = [stage.path('sw'), stage.path('mgmt'), stage.path('capture')];
    writeFileSync(path, '');
    const command = [bin('etherloom'), 'switch', '-s', directory, '--mgmt', console];
    const node = stage.start(onSlowDisk(command, 'write,writev,pwrite64', path), poisoned);
    await node.line(/^ready$/);
    const [left, right] = await stationsAt(directory);
    const session = stage.start(['socat', '-t', '60', '-', `UNIX-CONNECT:${console}`]);
    session.stdin.write(`capture/start 1 ${path}\n`);
    await session.line(/1000 Success/);
    // Most of them wait for the write of the first.
    let count = 0;
    const pause = await longestPauseUntil('there were some frames', left, right, () => ++count === 100);
    session.stdin.write('capture/stop 1\n');
    const stopped = (): boolean => session.lines.filter((line) => line.includes('1000 Success')).length === 2;
    expect(Math.max(pause, await longestPauseUntil('it has stopped', left, right, stopped))).toBeLessThan(longestPause);
    // The file is whole when the console says so.
    const { status, text } = await stage.run(['tshark', '-r', path, '-T', 'fields', '-e', 'frame.number', 'eth.type == 0x88b5']);
    expect(status, text).toBe(0);
    expect(text.split('\n').filter((line) => /^\d+$/.test(line)).length).toBeGreaterThanOrEqual(100);
    const told = performance.now();
    expect(await node.end()).toEqual({ status: 0, signal: null });
    expect(performance.now() - told).toBeLessThan(slowness);
  });
});

describe('readers that have stopped', { timeout: 60_000 }, () => {
  const stage = useStage(['socat']);

  it('of a capture and of a console hold up no frame', async () => {
    const [directory, console, path] = [stage.path('sw'), stage.path('mgmt'), stage.path('capture')];
    expect((await stage.run(['mkfifo', path])).status).toBe(0);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(reader));
    const node = await stage.etherloom('switch', '-s', directory, '--mgmt', console);
    const [left, right] = await stationsAt(directory);
    const session = stage.start(['socat', '-', `UNIX-CONNECT:${console}`]);
    session.stdin.write(`capture/start 1 ${path}\n`);
    await session.line(/1000 Success/);
    session.stdin.write('debug/add hash\n');
    session.signal('SIGSTOP');
    // More replies than a socket and a pipe hold.
    session.stdin.write('help\n'.repeat(1000));
    let count = 0;
    const pause = await longestPauseUntil('there was more than a pipe holds', left, right, () => ++count === 300, 1400);
    expect(pause).toBeLessThan(longestPause);
    expect(node.lines.some((line) => line.includes(`${path} cannot take more now`))).toBe(true);
    session.signal('SIGCONT');
    expect(await node.end()).toEqual({ status: 0, signal: null });
    expect(node.lines.some((line) => /capture: \d+ records lost/.test(line))).toBe(true);
  });
});
