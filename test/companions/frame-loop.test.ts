import { quietLog } from '../../src/log.ts';
import { FrameLoop } from '../../src/companions/frame-loop.ts';
import { ManualClock } from '../manual-clock.ts';
import { disposing, lends, NotedPort } from '../plane/conformance.ts';

lends('a loop of frames', () => {
  const loop = disposing(new FrameLoop({ clock: new ManualClock(), log: quietLog, flushed: () => undefined }));
  const [first, second] = [new NotedPort(), new NotedPort()];
  return {
    breath: loop.breath,
    release: loop.environment.release,
    send: (frame) => {
      for (const port of [first, second]) loop.transmit(port, frame);
    },
    flushes: () => [first.flushes.length, second.flushes.length],
    fail: (error) => (first.failing = error),
  };
});
