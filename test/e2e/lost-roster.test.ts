import { copyFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guestFilesIn } from '../../src/launcher/guest/guest-record.ts';
import { guestNeeds } from './peers.ts';
import type { Running } from './running.ts';
import { freePort, useStage } from './stage.ts';
import { guestImage, leaseOf, subnet } from './star.ts';

describe('a plain master that lost its roster, and let in a stranger with the id of a living slave', { timeout: 180_000 }, () => {
  const stage = useStage(guestNeeds);

  it('has that slave under its key: it goes on, and its guest is started again with the card of its new id', async () => {
    const image = await guestImage(stage);
    const port = await freePort();
    const place = (name: string): readonly string[] => ['--sock', stage.path(name), '--state', stage.path(`${name}s`)];
    const master = (name: string): Promise<Running> =>
      stage.etherloom('master', '--listen', `127.0.0.1:${port}`, '--subnet', subnet, ...place(name));
    const slave = (name: string, ...more: string[]): Promise<Running> =>
      stage.etherloom('slave', '--master', `127.0.0.1:${port}`, ...place(name), ...more);
    const first = await master('m');
    const living = await slave('s', '--guest', image, '--accel', 'tcg');
    expect(await leaseOf(living)).toBe('10.77.0.11');
    const pid = (): number => Number(readFileSync(guestFilesIn(stage.path('ss', 'guest')).pidFile, 'utf8'));
    const before = pid();
    await first.end('SIGKILL');
    // Another roster: the stranger is there first, and the living slave is told another id.
    living.signal('SIGSTOP');
    const other = await master('o');
    await (await slave('k')).line(/"msg":"joined as slave 1"/);
    await other.end();
    copyFileSync(stage.path('os', 'group.journal'), stage.path('ms', 'group.journal'));
    const from = living.lines.length;
    living.signal('SIGCONT');
    await master('m');
    await living.line(/"msg":"the master now assigns id 2, 02:65:6c:00:00:02, and assigned id 1, .* before: the guest is started again/, {
      from,
    });
    expect(await leaseOf(living, from)).toBe('10.77.0.12');
    expect(() => process.kill(before, 0)).toThrow('ESRCH');
    expect(pid()).not.toBe(before);
    expect(await living.end()).toMatchObject({ status: 0 });
  });
});
