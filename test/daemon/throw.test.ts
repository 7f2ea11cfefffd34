import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useStage } from '../e2e/stage.ts';
import { introduce, senderOf, serialOf, VdeStation } from '../e2e/vde-station.ts';
import { eventually } from '../eventually.ts';

/** The number of the station that throws. */
const thrower = 0xffff_ffff;

describe.each(['loop', 'worker'])('what is thrown while a frame is carried, in a switch woken by the %s', (waker) => {
  const stage = useStage([]);

  it('ends the switch with that error and in order, after all else that came in the round has left', { timeout: 40_000 }, async () => {
    const typescript = join(import.meta.dirname, '../typescript.mjs');
    const script = join(import.meta.dirname, 'throw-process.ts');
    const directory = stage.path('s');
    const running = stage.start([process.execPath, '--import', typescript, script, directory], { env: { ETHERLOOM_WAKER: waker } });
    await running.line(/^ready$/);
    const unlucky = await VdeStation.plug(directory);
    const other = await VdeStation.plug(directory);
    const reader = await VdeStation.plug(directory);
    introduce([unlucky, other, reader]);

    // All is there before the switch looks: one round.
    running.signal('SIGSTOP');
    await eventually(() => expect(readFileSync(`/proc/${running.pid}/stat`, 'utf8')).toMatch(/\) T /));
    unlucky.send([unlucky.frame(reader.number, 1), unlucky.frame(thrower, 2)]);
    other.send([3, 4, 5].map((serial) => other.frame(reader.number, serial)));
    running.signal('SIGCONT');

    expect(await running.exit).toEqual({ status: 1, signal: null });
    expect(running.lines.join('\n')).toContain('thrown by a receiver');
    const heard = reader.take();
    const from = (station: VdeStation): number[] => heard.filter((frame) => senderOf(frame) === station.number).map(serialOf);
    expect(from(unlucky)).toEqual([1]);
    expect(from(other)).toEqual([3, 4, 5]);
    expect(existsSync(join(directory, 'ctl'))).toBe(false);
  });
});
