import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useStage } from '../e2e/stage.ts';
import { introduce, VdeStation } from '../e2e/vde-station.ts';

const frames = 1_000_000;
const warmup = 100_000;

/** How many frames may be under way: fewer than the kernel holds for a reader. */
const window = 200;

const stage = useStage([]);

it('a frame that is forwarded costs less than 200 octets of heap, and leaves nothing', { timeout: 120_000 }, async () => {
  const typescript = join(import.meta.dirname, '../typescript.mjs');
  const script = join(import.meta.dirname, 'heap-growth-process.ts');
  const plane = stage.start([process.execPath, '--expose-gc', '--import', typescript, script, stage.path('s')]);
  await plane.line(/^ready$/);
  const sender = await VdeStation.plug(stage.path('s'));
  const receiver = await VdeStation.plug(stage.path('s'));
  introduce([sender, receiver]);
  forward(sender, receiver, warmup);
  plane.stdin.write('\n');
  await plane.line(/^collected$/);
  forward(sender, receiver, frames);
  plane.stdin.write('\n');
  const [grown] = await plane.line(/^\{"allocated".*/);
  const { allocated, kept } = JSON.parse(grown) as Record<'allocated' | 'kept', number>;
  console.log(
    `${(allocated / frames).toFixed(1)} octets of heap for each of ${frames} frames, of which ${(kept / frames).toFixed(3)} were kept`,
  );
  expect(allocated / frames).toBeLessThan(200);
  expect(kept / frames).toBeLessThan(1);
  expect(allocated).toBeGreaterThan(0);
});

/** Sends that many frames from one to the other, each of which arrives. */
function forward(sender: VdeStation, receiver: VdeStation, count: number): void {
  const batch = new Array<Uint8Array>(64).fill(sender.frame(receiver.number, 0));
  for (let sent = 0, arrived = 0; arrived < count;) {
    const left = Math.min(batch.length, count - sent);
    if (left > 0 && sent - arrived + left <= window) sent += sender.offer(batch, batch.length - left);
    else receiver.awaitFrame();
    arrived += receiver.skip();
  }
}
