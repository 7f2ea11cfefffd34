import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepSockets } from '../../src/daemon/kept-sockets.ts';
import { EtherloomError, SystemError } from '../../src/errors.ts';
import { logTo } from '../../src/log.ts';
import type { NamedSocket } from '../../src/ports/socket-file.ts';
import { ManualClock } from '../manual-clock.ts';
import { newDirectory } from '../ports/rig.ts';

/** A socket that is lost when a test says so, and how often it was made again. */
class Place implements NamedSocket {
  isLost = false;
  restored = 0;
  failure: Error | undefined;

  lost(): string | undefined {
    return this.isLost ? '/tmp/s' : undefined;
  }

  restore(): void {
    if (this.failure) throw this.failure;
    this.isLost = false;
    this.restored++;
  }
}

interface Watched {
  readonly clock: ManualClock;
  readonly control: Place;
  readonly console: Place;
  readonly logged: string[];
  readonly ends: () => number;
  readonly keeping: Disposable;
}

function keep(pidfile?: string): Watched {
  const [clock, control, console, logged] = [new ManualClock(), new Place(), new Place(), [] as string[]];
  let ends = 0;
  const log = logTo((message) => void logged.push(message));
  const keeping = keepSockets({ sockets: new Set([control, console]), control, pidfile }, { clock, log }, () => {
    ends++;
  });
  return { clock, control, console, logged, ends: () => ends, keeping };
}

describe('the sockets of a switch', () => {
  it('are made again within 3 s, each by itself, and the log says so once', () => {
    const { clock, control, console, logged } = keep();
    clock.advanceSeconds(10);
    expect(logged).toEqual([]);
    control.isLost = true;
    clock.advanceSeconds(3);
    expect([control.restored, console.restored]).toEqual([1, 0]);
    expect(logged).toEqual(['/tmp/s was removed, and is made again for new clients; those that are connected stay']);
    console.isLost = true;
    clock.advanceSeconds(3);
    expect([control.restored, console.restored]).toEqual([1, 1]);
    clock.advanceSeconds(10);
    expect(logged.length).toBe(2);
  });

  it('are not made again at once: a switch that is started anew makes its own', () => {
    const { clock, control, logged } = keep();
    control.isLost = true;
    clock.advance(2_900);
    expect(control.restored).toBe(0);
    control.isLost = false;
    clock.advanceSeconds(10);
    expect(control.restored).toBe(0);
    expect(logged).toEqual([]);
  });

  it('are tried again while something is in the way, and that is logged when it is another thing', () => {
    const { clock, control, logged } = keep();
    control.isLost = true;
    control.failure = new SystemError('ENOENT', 'cannot make the directory /tmp/s');
    clock.advanceSeconds(20);
    expect(logged).toEqual([
      '/tmp/s was removed, and no new client can connect: cannot make the directory /tmp/s: no such file or directory (ENOENT)',
    ]);
    control.failure = new SystemError('EACCES', 'cannot make the directory /tmp/s');
    clock.advanceSeconds(20);
    expect(logged.length).toBe(2);
    control.failure = undefined;
    clock.advanceSeconds(3);
    expect([control.restored, logged.length]).toEqual([1, 3]);
  });

  it('are left to another process for good, also when that ends', () => {
    const { clock, control, logged } = keep();
    control.isLost = true;
    control.failure = new EtherloomError('busy', 'a switch is already serving /tmp/s');
    clock.advanceSeconds(20);
    control.failure = undefined;
    clock.advanceSeconds(20);
    expect(control.restored).toBe(0);
    expect(logged).toEqual([
      "/tmp/s is another process's now: this switch goes on for the clients that it has, and takes no new ones there",
    ]);
  });

  it('are looked after until the end', () => {
    const { clock, keeping } = keep();
    clock.advanceSeconds(10);
    keeping[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });
});

describe('a switch whose pid file was removed', () => {
  function pidfile(): string {
    const path = join(newDirectory(), 'd', 'pid');
    mkdirSync(dirname(path));
    writeFileSync(path, '1');
    return path;
  }

  it('ends when its control socket is gone, too, and that is not made again', () => {
    const path = pidfile();
    const { clock, control, console, ends, logged } = keep(path);
    rmSync(path);
    clock.advanceSeconds(10);
    expect(ends()).toBe(0);
    [control.isLost, console.isLost] = [true, true];
    clock.advanceSeconds(10);
    expect([ends(), control.restored, console.restored]).toEqual([1, 0, 0]);
    expect(logged).toEqual([`${path} and /tmp/s were removed: no client can reach this switch any more, and it ends`]);
    expect(clock.timers).toBe(0);
  });

  it('also when that happens a little later, or another process has a file of that name', () => {
    const path = pidfile();
    const { clock, control, ends } = keep(path);
    control.isLost = true;
    clock.advance(2_500);
    writeFileSync(`${path}.new`, '2');
    renameSync(`${path}.new`, path);
    clock.advance(500);
    expect([ends(), control.restored]).toEqual([1, 0]);
    expect(readFileSync(path, 'utf8')).toBe('2');
  });

  it('stays with its pid file, and makes its socket again', () => {
    const { clock, control, ends } = keep(pidfile());
    control.isLost = true;
    clock.advanceSeconds(3);
    expect([ends(), control.restored]).toEqual([0, 1]);
  });
});
