import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EarlierVersion } from '../versions/earlier-version.ts';
import type { Running } from './running.ts';
import { bin, freePort, useStage } from './stage.ts';
import { VdeStation } from './vde-station.ts';

describe('the plain star of this version beside version 0.2.0', { timeout: 180_000 }, () => {
  const stage = useStage([]);
  const commands = { new: bin('etherloom'), old: '' };
  let built: EarlierVersion | string = '';
  beforeAll(() => {
    built = EarlierVersion.build('0.2.0');
    if (typeof built !== 'string') commands.old = built.etherloom;
  }, 60_000);
  afterAll(() => (typeof built === 'string' ? undefined : built[Symbol.dispose]()));
  beforeEach((context) => {
    if (typeof built === 'string') context.skip(built);
  });

  type Version = keyof typeof commands;
  let port = 0;
  beforeEach(async () => {
    port = await freePort();
  });
  const place = (name: string): readonly string[] => ['--sock', stage.path(name), '--state', stage.path(`${name}s`)];
  const begin = async (version: Version, words: readonly string[]): Promise<Running> => {
    const running = stage.start([commands[version], ...words]);
    await running.line(/^ready$/);
    return running;
  };
  const master = (version: Version): Promise<Running> =>
    begin(version, ['master', '--listen', `127.0.0.1:${port}`, '--subnet', '10.77.0.0/24', ...place('m')]);
  const slave = (version: Version, name = 's'): Promise<Running> =>
    begin(version, ['slave', '--master', `127.0.0.1:${port}`, ...place(name)]);
  const idOf = async (running: Running): Promise<number> => Number((await running.line(/"msg":"joined as slave (\d+)"/))[1]);

  /** Frames of all sizes cross the star both ways, and a station behind the slave gets its address from the master. */
  const checkFrames = async (): Promise<void> => {
    const [near, far] = [await VdeStation.plug(stage.path('m')), await VdeStation.plug(stage.path('s'))];
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      for (const size of [60, 1514, 9234]) {
        const frame = from.frame('all', size, size);
        from.send([frame]);
        to.hear((heard) => Buffer.compare(heard, frame) === 0);
      }
    }
    const station = stage.start([commands.new, 'station', '--sock', stage.path('s'), '--id', '1', '--ping', '10.77.0.1']);
    await station.line(/10\.77\.0\.11/);
  };

  it.each([
    ['old', 'new'],
    ['new', 'old'],
  ] as const)(
    'has a slave of the %s version at a master of the %s one: join, link, frames, and both again after a kill',
    async (ofSlave, ofMaster) => {
      const first = await master(ofMaster);
      const member = await slave(ofSlave);
      expect(await idOf(member)).toBe(1);
      await member.line(/"msg":"linked to/);
      await checkFrames();
      const from = member.lines.length;
      await first.end('SIGKILL');
      await master(ofMaster);
      await Promise.all([member.line(/"msg":"joined as slave 1"/, { from }), member.line(/"msg":"linked to/, { from })]);
      await member.end('SIGKILL');
      expect(await idOf(await slave(ofSlave))).toBe(1);
    },
  );

  it('goes on with the state directories of version 0.2.0, with the same ids', async () => {
    const first = await master('old');
    const [one, two] = [await slave('old'), await slave('old', 'k')];
    const ids = [await idOf(one), await idOf(two)];
    for (const running of [one, two, first]) await running.end();
    cpSync(stage.path('ms'), stage.path('before'), { recursive: true });
    await master('new');
    expect([await idOf(await slave('new')), await idOf(await slave('old', 'k'))]).toEqual(ids);
    expect(await idOf(await slave('new', 'n'))).toBe(3);
  });

  it('refuses a slave that speaks another version of the protocol, and names both', async () => {
    await master('new');
    const socket = connect(port + 1, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.end(`${JSON.stringify({ type: 'hello', version: 2, software: '9.0.0' })}\n`);
    let heard = '';
    for await (const text of socket.setEncoding('utf8')) heard += String(text);
    const refusal = JSON.parse(heard.split('\n').find((line) => line.includes('refusal')) ?? '{}') as { reason: string };
    expect(refusal).toMatchObject({ type: 'refusal', retry: false, code: 'version' });
    expect(refusal.reason).toMatch(
      /the slave speaks version 2 \(etherloom 9\.0\.0\) of the protocol, and the master version 1 \(etherloom \d/,
    );
  });

  it('ends at a master that speaks another version of the protocol, and names both', async () => {
    const answer = { type: 'welcome', version: 2, software: '9.0.0', id: 'one' };
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(`${JSON.stringify(answer)}\n`));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port: control } = server.address() as AddressInfo;
    const words = ['slave', '--master', `127.0.0.1:${port}`, '--control', String(control), ...place('s')];
    const running = stage.start([commands.new, ...words]);
    expect(await running.exit).toMatchObject({ status: 1 });
    expect(running.lines.join('\n')).toMatch(
      /the master speaks version 2 \(etherloom 9\.0\.0\) of the protocol, and this slave version 1 \(etherloom \d/,
    );
  });
});
