import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SocketKeeper } from '../../src/ports/socket-keeper.ts';
import { EtherloomError, SystemError } from '../../src/errors.ts';
import { logTo } from '../../src/log.ts';
import type { NamedFile, NamedSocket } from '../../src/ports/socket-file.ts';
import { fileNumber } from '../../src/system/file-number.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { newDirectory } from './rig.ts';

/** A socket, here a file, that a test removes, and how often it was made again. */
class Place implements NamedSocket {
  readonly path: string;
  files: readonly NamedFile[] = [];
  restored = 0;
  failure: Error | undefined;

  constructor(path: string) {
    this.path = path;
    this.#make();
  }

  lose(): void {
    rmSync(this.path);
  }

  restore(): void {
    if (this.failure) throw this.failure;
    this.#make();
    this.restored++;
  }

  #make(): void {
    writeFileSync(this.path, '');
    this.files = [{ path: this.path, number: fileNumber(this.path) }];
  }
}

interface Watched {
  readonly control: Place;
  readonly console: Place;
  readonly logged: string[];
  readonly ends: () => number;
  readonly keeping: Disposable;
  readonly timers: () => number;
  /** Lets that much time pass, in milliseconds, and completes the look-ups of that time. */
  pass(milliseconds: number): Promise<void>;
}

function keep(pidfile?: string): Watched {
  const directory = newDirectory();
  const [clock, logged] = [new ManualClock(), [] as string[]];
  const [control, console] = [new Place(join(directory, 's')), new Place(join(directory, 'm'))];
  let ends = 0;
  const log = logTo((message) => void logged.push(message.replaceAll(`${directory}/`, '')));
  const end = (): void => {
    ends++;
  };
  const desertion = pidfile === undefined ? undefined : { pidfile, control, end };
  const keeping = new SocketKeeper({ sockets: new Set([control, console]), desertion }, { clock, log });
  return {
    control,
    console,
    logged,
    keeping,
    ends: () => ends,
    timers: () => clock.timers,
    async pass(milliseconds) {
      for (let passed = 0; passed < milliseconds; passed += 100) {
        clock.advance(100);
        await eventually(() => expect(clock.timers + ends).toBe(1));
      }
    },
  };
}

describe('the sockets of a switch', () => {
  it('are made again within 3 s, each by itself, and the log says so once', async () => {
    const { control, console, logged, pass } = keep();
    await pass(10_000);
    expect(logged).toEqual([]);
    control.lose();
    await pass(3_000);
    expect([control.restored, console.restored]).toEqual([1, 0]);
    expect(logged).toEqual(['s was removed, and is made again for new clients; those that are connected stay']);
    console.lose();
    await pass(3_000);
    expect([control.restored, console.restored]).toEqual([1, 1]);
    await pass(10_000);
    expect(logged.length).toBe(2);
  });

  it('are not made again at once: what removed them may not be done', async () => {
    const { control, logged, pass } = keep();
    control.lose();
    await pass(2_900);
    expect(control.restored).toBe(0);
    control.restore();
    await pass(10_000);
    expect([control.restored, logged]).toEqual([1, []]);
  });

  it('are tried again while something is in the way, and that is logged when it is another thing', async () => {
    const { control, logged, pass } = keep();
    control.lose();
    control.failure = new SystemError('ENOENT', 'cannot make the directory /tmp/s');
    await pass(20_000);
    expect(logged).toEqual([
      's was removed, and no new client can connect: cannot make the directory /tmp/s: no such file or directory (ENOENT)',
    ]);
    control.failure = new SystemError('EACCES', 'cannot make the directory /tmp/s');
    await pass(20_000);
    expect(logged.length).toBe(2);
    control.failure = undefined;
    await pass(3_000);
    expect([control.restored, logged.length]).toEqual([1, 3]);
  });

  it('are left to another process for good, also when that ends', async () => {
    const { control, logged, pass } = keep();
    control.lose();
    control.failure = new EtherloomError('busy', 'a switch is already serving /tmp/s');
    await pass(10_000);
    control.failure = undefined;
    await pass(10_000);
    expect(control.restored).toBe(0);
    expect(logged).toEqual(["s is another process's now: this one goes on for the clients that it has, and takes no new ones there"]);
  });

  it('are made again, too, where they were gone before it was known which files they were', async () => {
    const { control, pass } = keep();
    control.files = [{ path: control.path, number: undefined }];
    await pass(3_000);
    expect(control.restored).toBe(1);
  });

  it('are looked after until the end', async () => {
    const { keeping, timers, pass } = keep();
    await pass(3_000);
    keeping[Symbol.dispose]();
    expect(timers()).toBe(0);
  });
});

describe('a switch whose pid file was removed', () => {
  function pidfile(): string {
    const path = join(newDirectory(), 'pid');
    writeFileSync(path, '1');
    return path;
  }

  it('ends when its control socket is gone, too, and that is not made again', async () => {
    const path = pidfile();
    const { control, console, ends, logged, timers, pass } = keep(path);
    rmSync(path);
    await pass(10_000);
    expect(ends()).toBe(0);
    control.lose();
    console.lose();
    await pass(10_000);
    expect([ends(), control.restored, console.restored, timers()]).toEqual([1, 0, 0, 0]);
    expect(logged).toEqual([`${path} and s were removed: no client can reach this switch any more, and it ends`]);
  });

  it('also when that happens a little later, or another process has a file of that name', async () => {
    const path = pidfile();
    const { control, ends, pass } = keep(path);
    control.lose();
    await pass(2_500);
    writeFileSync(`${path}.new`, '2');
    renameSync(`${path}.new`, path);
    await pass(500);
    expect([ends(), control.restored]).toEqual([1, 0]);
    expect(readFileSync(path, 'utf8')).toBe('2');
  });

  it('stays with its pid file, and makes its socket again', async () => {
    const { control, ends, pass } = keep(pidfile());
    control.lose();
    await pass(3_000);
    expect([ends(), control.restored]).toEqual([0, 1]);
  });
});
