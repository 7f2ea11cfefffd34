import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { needsSlirp } from '../ports/slirp/slirp-peer.ts';
import type { Running } from './running.ts';
import { bin, until, useStage } from './stage.ts';

describe('slirpvde', { timeout: 60_000 }, () => {
  const stage = useStage([]);
  beforeEach(needsSlirp);

  it.each(['slirpvde', 'vde_plug'] as const)('as %s fails when libslirp ends, and says how; it may go with its switch', async (name) => {
    const vdeSwitch = await stage.vdeSwitch('-s', stage.path('net'), '--nostdin');
    const peer = name === 'slirpvde' ? [] : ['slirp:///v4'];
    const start = async (): Promise<[Running, number]> => {
      const pidfile = stage.path('pid');
      const running = stage.start([bin(name), '--pidfile', pidfile, stage.path('net'), ...peer]);
      await until('it is plugged in', () => running.ended !== undefined || (existsSync(pidfile) && readFileSync(pidfile, 'utf8') !== ''));
      await until('libslirp runs', () => running.ended !== undefined || slirpOf(running) !== undefined);
      return [running, slirpOf(running) ?? 0];
    };
    const [killed, slirp] = await start();
    process.kill(slirp, 'SIGKILL');
    expect(await killed.exit).toEqual({ status: 1, signal: null });
    expect(killed.lines).toEqual([`${name}: libslirp ended: signal SIGKILL; start ${name} again`]);
    const [left] = await start();
    await vdeSwitch.end();
    expect(await left.exit).toEqual({ status: 0, signal: null });
    expect(left.lines).toEqual([]);
  });

  it('says nothing but errors with -q', async () => {
    for (const [more, said] of [
      [[], [expect.stringMatching(/^slirpvde: skipped \d+ octets of text before the first frame: "good morning to all/)]],
      [['-q'], []],
    ] as const) {
      const running = stage.start([bin('slirpvde'), ...more, '-s', '-'], { binary: true });
      running.stdin.end('good morning to all\n');
      expect(await running.exit).toEqual({ status: 0, signal: null });
      expect(running.lines).toEqual(said);
    }
  });

  it('takes one switch', async () => {
    const running = stage.start([bin('slirpvde'), '-s', stage.path('a'), stage.path('b')]);
    expect(await running.exit).toEqual({ status: 255, signal: null });
    expect(running.lines[0]).toBe('slirpvde: more than one switch is given; give one');
  });
});

/**
 * Returns the libslirp that a process reads and writes; undefined while there is none. The one that is tried before has no input, and a
 * process before its exec has the input of its parent.
 */
function slirpOf({ pid }: Running): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return children.find((child) => link(child, 'exe')?.endsWith('/vde_plug') && link(child, 'fd/0')?.startsWith('pipe:'));
}

function link(pid: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined; // it has ended
  }
}
