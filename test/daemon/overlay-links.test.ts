import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPlace } from '../../src/companions/plug-end.ts';
import { plugPlace } from '../../src/companions/plug-name.ts';
import { freePort } from '../e2e/stage.ts';
import { eventually } from '../eventually.ts';
import { Collector, Rig, using } from '../ports/rig.ts';
import { connect } from '../ports/vde-stage.ts';
import { testFrame } from '../switch/test-switch.ts';
import { ConsoleClient, manage, type ManagedStage } from './managed-stage.ts';

/** The two ends of a cable between two UDP ports of the loopback, of which one kind needs the first alone. */
type Cable = (port: number, other: number) => readonly [string, string];

const cables: readonly (readonly [string, Cable])[] = [
  [
    'vxlan://',
    (port) => [`vxlan://127.0.0.2?vni=77&port=${port}&local=127.0.0.1`, `vxlan://127.0.0.1?vni=77&port=${port}&local=127.0.0.2`],
  ],
  [
    "vxlan:// in the form of VDE's plugs",
    (port) => [`vxlan://127.0.0.2/vni=77/port=${port}/local=127.0.0.1`, `vxlan://127.0.0.1/vni=77/port=${port}/local=127.0.0.2`],
  ],
  ['udp://', (port, other) => [`udp://127.0.0.1:${port},127.0.0.1:${other}`, `udp://127.0.0.1:${other},127.0.0.1:${port}`]],
];

/** A client of a switch, and the frames that it hears. */
async function plug(
  rig: Rig,
  { service }: ManagedStage,
): Promise<{ readonly send: (frame: Uint8Array) => void; readonly heard: Collector }> {
  const port = (await connect(service.directory)).port(rig);
  const heard = new Collector();
  port.attach(heard);
  return { send: (frame) => rig.send(port, frame), heard };
}

describe.each(cables)('a link by %s', (_, cable) => {
  it('is a port as any other: mirrored, captured, counted, impaired, taken down and saved', async () => {
    const [here, there] = [await manage(), await manage()];
    const [near, far] = cable(await freePort(), await freePort());
    const console = await ConsoleClient.open(here.path);
    const done = async (line: string): Promise<void> => expect(await console.say(line), line).toBe('1000 Success\n');
    await there.service.openPort(far);
    await done(`link/add ${near}`);
    await eventually(async () => expect(await console.say('link/print')).toContain(`Link 1 ${near} up, port 1\n`));
    const rig = new Rig();
    const [a, b] = [await plug(rig, here), await plug(rig, there)];
    b.send(testFrame({ from: 2 }));
    await a.heard.count(1);
    // It is at port 3, which a frame to a known station reaches by the mirror alone.
    const observer = await plug(rig, here);
    await done('mirror/add 1 3 quiet');
    const file = join(here.service.directory, '..', 'link.pcapng');
    await done(`capture/start 1 ${file}`);
    const sayTo2 = (text: string): Uint8Array => testFrame({ from: 1, to: 2, text });
    const [first, last] = [sayTo2('first'), sayTo2('last')];
    a.send(first);
    await b.heard.count(1);
    await observer.heard.count(1);
    expect([b.heard.frames, observer.heard.frames]).toEqual([[first], [first]]);
    expect(here.service.plane.ports.counts(1)).toMatchObject({ receivedFrames: 1, sentFrames: 1 });
    await done('capture/stop 1');
    expect(readFileSync(file).includes(Buffer.from(first))).toBe(true);
    for (const [begin, end] of [
      ['port/impair 1 loss 100', 'port/impair 1 off'],
      ['port/down 1', 'port/up 1'],
    ] as const) {
      const { receivedFrames } = here.service.plane.ports.counts(2);
      expect(await console.say(begin)).toMatch(/1000 Success\n$/);
      a.send(sayTo2('lost'));
      await eventually(() => expect(here.service.plane.ports.counts(2).receivedFrames).toBe(receivedFrames + 1));
      expect(await console.say(end)).toMatch(/1000 Success\n$/);
    }
    b.send(testFrame({ from: 2 }));
    await a.heard.count(2);
    a.send(last);
    await b.heard.count(2);
    expect(b.heard.frames).toEqual([first, last]);
    expect(await console.say('config/show')).toContain(`\nlink/add ${near}\n`);
    await done('link/del 1');
    await eventually(() => expect(here.service.plane.ports.at(1)).toEqual([]));
  });

  it('may be a plug', async () => {
    const there = await manage();
    const [near, far] = cable(await freePort(), await freePort());
    await there.service.openPort(far);
    const rig = new Rig();
    const { port } = using(await openPlace(plugPlace(near), { description: '' }, rig.environment));
    const heard = new Collector();
    port.attach(heard);
    const b = await plug(rig, there);
    const [out, back] = [testFrame({ from: 1 }), testFrame({ from: 2, to: 1 })];
    rig.send(port, out);
    await b.heard.count(1);
    b.send(back);
    await heard.count(1);
    expect([b.heard.frames, heard.frames]).toEqual([[out], [back]]);
  });
});

it.each([
  ['vxlan://192.0.2.1?vni=77', 'vxlan://192.0.2.1?vni=77&plain=yes'],
  ['vxlan://239.0.0.1/vni=77/if=lo', 'vxlan://239.0.0.1/vni=77/if=lo/plain=yes'],
  ['udp://:7000,192.0.2.1:7000', 'udp://:7000,192.0.2.1:7000?plain=yes'],
  ['udp-multicast://239.0.0.1:7000?ttl=2', 'udp-multicast://239.0.0.1:7000?ttl=2&plain=yes'],
  ['gretap://192.0.2.1', 'gretap://192.0.2.1?plain=yes'],
  ['etherip://192.0.2.1', 'etherip://192.0.2.1?plain=yes'],
])('leaves this machine only with consent: %s', async (address, consenting) => {
  const { path } = await manage();
  const console = await ConsoleClient.open(path);
  expect(await console.say(`link/add ${address}`)).toBe('1001 Operation not permitted\n');
  await expect(openPlace(plugPlace(address), { description: '' }, new Rig().environment)).rejects.toThrow(`or write ${consenting} if`);
});
