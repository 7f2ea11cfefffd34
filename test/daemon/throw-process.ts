// A switch with a station in it that throws at each frame for it; run by throw.test.ts with the directory to serve.
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { serve } from '../../src/daemon/serve.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';

const directory = process.argv[2] ?? '';

await serve(async () => {
  const service = await SwitchService.open({ directory }, { clock: realClock, random: { uint32: () => 1 }, log: quietLog });
  const { plane } = service;
  let heard = 0;
  const say = plane.stations.add({
    receive: () => {
      // The greetings of three stations come first.
      if (++heard > 3) throw new Error('thrown by a receiver');
    },
  });
  // So that frames for it are for it alone: 02:00 and a number that no other station has.
  const greeting = new Uint8Array(60);
  greeting.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0xff, 0xff, 0xff, 0xff, 0x88, 0xb5]);
  plane.breath(() => say(greeting));
  return service;
});
