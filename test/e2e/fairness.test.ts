import { describe, expect, it } from 'vitest';
import { useStage } from './stage.ts';
import { introduce, VdeStation } from './vde-station.ts';

/** How many round trips are made. */
const trips = 300;

/**
 * The most frames of a flooder that cross while another's frame does: two rounds of 64, all that the kernel keeps for it, and a batch of
 * the test's own. This holds however the system shares out its processors.
 */
const aheadOfFrame = 2 * 64 + 280 + 64;

describe('a station that floods as fast as it can', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('does not keep two others from their round trips, each of which few of its frames go before', async () => {
    const directory = stage.path('s');
    await stage.vdeSwitch('-s', directory, '--nostdin');
    const flooder = await VdeStation.plug(directory);
    const sink = await VdeStation.plug(directory);
    const here = await VdeStation.plug(directory);
    const there = await VdeStation.plug(directory);
    introduce([flooder, sink, here, there]);
    const flood = new Array<Uint8Array>(64).fill(flooder.frame(sink.number, 0));
    let flooded = 0;
    let arrived = 0;
    const cross = (from: VdeStation, to: VdeStation): void => {
      from.send([from.frame(to.number, 0)]);
      const last = performance.now() + 10_000;
      while (to.skip() === 0) {
        flooded += flooder.offer(flood);
        arrived += sink.skip();
        if (performance.now() > last) throw new Error(`a frame does not get through; ${arrived} of the flood did`);
      }
    };
    for (let trip = 0; trip < trips; trip++) {
      cross(here, there);
      cross(there, here);
    }
    expect(flooded).toBeLessThan(2 * trips * aheadOfFrame);
    // It did flood, all the time.
    expect(flooded).toBeGreaterThan(trips);
    console.log(`${(flooded / trips).toFixed(0)} frames of a flooder were sent in each round trip of two others`);
  });
});
