import { describe, expect, it } from 'vitest';
import { testFrame } from '../switch/test-switch.ts';
import { ConsoleTalk } from './console-talk.ts';
import { card, Host } from './host.ts';
import { Plug } from './plug.ts';
import { bin, poisoned, until, useStage } from './stage.ts';

/** Returns a frame of a station, told from its others by its size. */
const frame = (from: number, size: number, to: number | 'all' = 'all'): Uint8Array => testFrame({ from, to, text: 'x'.repeat(size - 14) });
const ofSize =
  (size: number) =>
  ({ length }: Uint8Array): boolean =>
    length === size;

describe('ports with a vde_plug each', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_plug']);

  /** Starts that many vde_plugs at a switch, at ports 1 and up, and a client of its console. */
  async function plugs(count: number): Promise<{ talk: ConsoleTalk; plugs: Plug[]; another: () => Promise<Plug> }> {
    const ours = await stage.vdeSwitch('-s', stage.path('s'), '-M', stage.path('m'), '--nostdin');
    const made: Plug[] = [];
    const another = async (): Promise<Plug> => {
      const seen = ours.lines.filter((line) => line.includes('unix prog')).length;
      const plug = new Plug(stage, stage.path('s'));
      await until('the plug is let in', () => ours.lines.filter((line) => line.includes('unix prog')).length > seen);
      return plug;
    };
    for (let n = 0; n < count; n++) made.push(await another());
    return { talk: await ConsoleTalk.with(stage.path('m')), plugs: made, another };
  }

  /** Waits until port/drops of a port says so. */
  async function dropped(talk: ConsoleTalk, port: number, words: string): Promise<void> {
    await until(words, async () => (await talk.ask(`port/drops ${port}`)).includes(words));
  }

  it('carry nothing while they are down, for who comes later neither, and again when they are up', async () => {
    const { talk, plugs: all, another } = await plugs(2);
    const [a, b] = all as [Plug, Plug];
    a.send(frame(1, 61));
    await b.hears('the first frame', ofSize(61));
    expect(await talk.ask('port/down 2')).toContain('1000 Success');
    a.send(frame(1, 62));
    b.send(frame(2, 63));
    await Promise.all([dropped(talk, 1, 'no-egress=1'), dropped(talk, 2, 'port-down=1')]);
    b.process.stdin.end();
    await until('the plug has left', async () => !(await talk.ask('port/allprint 2')).includes('endpoint'));
    const c = await another();
    expect(await talk.ask('port/print 2')).toMatch(/^ Condition: down$/m);
    c.send(frame(3, 64));
    await dropped(talk, 2, 'port-down=1');
    expect(await talk.ask('port/up 2')).toContain('1000 Success');
    a.send(frame(1, 65));
    c.send(frame(3, 66));
    await Promise.all([c.hears('the last frame', ofSize(65)), a.hears('the last frame', ofSize(66))]);
    expect([a, b, c].map(({ heard }) => heard.map((one) => one.frame.length))).toEqual([[66], [61], [65]]);
    expect(await talk.ask('port/print 2')).not.toContain('Condition');
  });

  it('are bad as they are told to be while frames cross them, each way, and lose none when they are sound again', async () => {
    const { talk, plugs: all } = await plugs(2);
    const [a, b] = all as [Plug, Plug];
    expect(await talk.ask('port/impair 2 los 5')).toMatch(/^"los 5" is not an impairment; write it as "loss 5, delay 20\+5".*^1022 /ms);
    expect(await talk.ask('port/impair 2 loss 100')).toContain('1000 Success');
    a.send(frame(1, 61));
    b.send(frame(2, 62));
    await dropped(talk, 2, 'impair-loss=2');
    const delay = 300;
    await talk.ask(`port/impair 2 delay ${delay}`);
    const sent = Date.now();
    a.send(frame(1, 63));
    b.send(frame(2, 64));
    const late = [await b.hears('a late frame', ofSize(63)), await a.hears('a late frame', ofSize(64))];
    // Timers are off by a millisecond.
    for (const { at } of late) expect(at - sent).toBeGreaterThanOrEqual(delay - 1);
    await talk.ask('port/impair 2 delay 1000k');
    for (let size = 100; size < 200; size++) a.send(frame(1, size));
    await until('the frames are under way', async () => /OUT: pkts +102 /.test(await talk.ask('port/print 2')));
    expect(b.heard.length).toBe(1);
    await talk.ask('port/impair 2 off');
    await b.hears('the last frame', ofSize(199));
    expect(b.heard.slice(1).map((one) => one.frame.length)).toEqual(Array.from({ length: 100 }, (_, n) => 100 + n));
    expect(await talk.ask('port/print 2')).not.toContain('impaired');
  });

  it('see what passes another one, and cannot speak: mirror/add … quiet', async () => {
    const { talk, plugs: all } = await plugs(3);
    const [a, b, monitor] = all as [Plug, Plug, Plug];
    b.send(frame(2, 61));
    await a.hears('the introduction', ofSize(61));
    expect(await talk.ask('mirror/add 1 3 quiet')).toContain('1000 Success');
    a.send(frame(1, 62, 2));
    await Promise.all([b.hears('what is for it', ofSize(62)), monitor.hears('that as well', ofSize(62))]);
    monitor.send(frame(3, 63));
    await dropped(talk, 3, 'quiet=1');
    expect(await talk.ask('hash/print')).not.toContain('02:00:00:00:00:03');
    expect(await talk.ask('mirror/add 1 3 silent')).toContain('1022 Invalid argument');
    expect([a, b].flatMap(({ heard }) => heard.filter((one) => one.frame.length === 63))).toEqual([]);
  });
});

describe('a port on a tap interface', { timeout: 60_000 }, () => {
  const stage = useStage(['namespaces', 'ping', 'vde_plug2tap']);

  it('that is down has no carrier for its host, which hears nothing; one that is impaired is late', async () => {
    const [host, plugged] = [
      await Host.open(stage, { mac: '02:00:00:00:01:01', address: '10.8.3.1/24' }),
      await Host.open(stage, { mac: '02:00:00:00:01:02', address: '10.8.3.2/24' }),
    ];
    const switching = host.start(
      [bin('etherloom'), 'switch', '--sock', stage.path('s'), '--mgmt', stage.path('m'), '--tap', card],
      poisoned,
    );
    await switching.line(/^ready$/);
    await plugged.plug(stage.path('s'));
    const talk = await ConsoleTalk.with(stage.path('m'));
    const link = async (): Promise<string> => (await host.run(['ip', 'link', 'show', card])).text;
    expect(await plugged.ping('10.8.3.1')).toBe(0);
    await talk.ask('port/down 1');
    expect(await link()).toContain('NO-CARRIER');
    expect(await plugged.ping('10.8.3.1', { count: 1 })).toBe(100);
    await talk.ask('port/up 1');
    await until('the kernel has noticed', async () => /LOWER_UP.* state UP/.test(await link()));
    expect(await plugged.ping('10.8.3.1')).toBe(0);
    await talk.ask('port/impair 1 delay 100');
    const { text } = await plugged.run(['ping', '-c', '2', '10.8.3.1']);
    expect(Number(/rtt min\/\S+ = ([\d.]+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(199);
  });
});
