import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answers } from '../../src/system/unix-socket.ts';
import { ConsoleTalk } from './console-talk.ts';
import { Crossing } from './crossing.ts';
import type { Running } from './running.ts';
import { bin, freePort, poisoned, until, useStage, type Stage } from './stage.ts';
import { senderOf, serialOf, VdeStation } from './vde-station.ts';

const whose = ['ours', 'theirs'] as const;
type Whose = (typeof whose)[number];

/** One of the tools: ours, or the one that is installed. */
const tool = (name: 'vde_plug' | 'dpipe', side: Whose): string => (side === 'ours' ? bin(name) : name);

/** Starts the original vde_switch, and returns its directory. */
async function original(stage: Stage, name: string): Promise<string> {
  const directory = stage.path(name);
  const running = stage.start(['vde_switch', '-s', directory]);
  await until('the original serves', () => answers(`${directory}/ctl`, 'stream') || running.ended !== undefined);
  expect(running.ended, running.lines.join()).toBeUndefined();
  return directory;
}

/** Starts our vde_switch, and returns its directory. */
async function ours(stage: Stage, name: string): Promise<string> {
  await stage.vdeSwitch('-s', stage.path(name), '--nostdin');
  return stage.path(name);
}

/** Starts what shall join two switches, lets frames of these sizes cross, and ends it. */
async function cross(
  stage: Stage,
  [left, right]: readonly [string, string],
  command: readonly string[],
  sizes: readonly number[],
  window?: number,
): Promise<void> {
  // Of the original's, dpipe leads a process group, and vde_plug does not.
  const joint = stage.start(command, { ...poisoned, group: command[0]?.endsWith('dpipe') === true });
  using crossing = await Crossing.between(left, right);
  await crossing.joined();
  for (const size of sizes) crossing.exchange(window === undefined ? 400 : 10 * window, size, window);
  expect(joint.ended, joint.lines.join()).toBeUndefined();
}

const frame = (size: number, fill = 0): Buffer =>
  Buffer.concat([Buffer.from('ffffffffffff0200000000aa88b5', 'hex'), Buffer.alloc(size - 14, fill)]);
const streamed = (...frames: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    frames.flatMap((one) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(one.length);
      return [length, one];
    }),
  );

const allWays = whose.flatMap((dpipe) => whose.flatMap((near) => whose.map((far) => ({ dpipe, near, far }))));

describe('dpipe vde_plug = vde_plug, each ours or the original', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug', 'dpipe', 'wirefilter']);

  it.each(allWays)('$dpipe dpipe: $near plug in an original switch, $far plug in ours', async ({ dpipe, near, far }) => {
    const [left, right] = [await original(stage, 'a'), await ours(stage, 'b')];
    const command = [tool('dpipe', dpipe), tool('vde_plug', near), left, '=', tool('vde_plug', far), right];
    await cross(stage, [left, right], command, [60, 1514]);
  });

  it.each(allWays)('$dpipe dpipe: jumbo frames of 9,018 octets, from $near plug to $far plug', async ({ dpipe, near, far }) => {
    const [left, right] = [await ours(stage, 'a'), await ours(stage, 'b')];
    const command = [tool('dpipe', dpipe), tool('vde_plug', near), left, '=', tool('vde_plug', far), right];
    await cross(stage, [left, right], command, [9018]);
  });

  // One frame at a time: where more come from both sides at once, it mixes up their parts.
  it.each(whose)('with the original wirefilter between them, which is joined by alternate descriptors: %s dpipe', async (dpipe) => {
    const [left, right] = [await original(stage, 'a'), await ours(stage, 'b')];
    const [near, far] = [bin('vde_plug'), bin('vde_plug')];
    await cross(stage, [left, right], [tool('dpipe', dpipe), near, left, '=', 'wirefilter', '=', far, right], [60, 1500], 1);
  });

  it('with programs on the way in one direction only', async () => {
    const [left, right] = [await ours(stage, 'a'), await ours(stage, 'b')];
    const plugs = [bin('vde_plug'), left, '=}', 'cat', '}={', 'cat', '{=', bin('vde_plug'), right];
    await cross(stage, [left, right], [bin('dpipe'), ...plugs], [60, 1514]);
  });

  it.each(allWays.filter(({ near }) => near === 'ours'))(
    'skips what a shell prints before the first frame: %j',
    async ({ dpipe, near, far }) => {
      const [left, right] = [await ours(stage, 'a'), await ours(stage, 'b')];
      const shell = ['sh', '-c', `echo '# maintenance tonight'; exec ${tool('vde_plug', far)} ${right}`];
      const joint = stage.start([tool('dpipe', dpipe), tool('vde_plug', near), left, '=', ...shell], {
        ...poisoned,
        group: dpipe === 'ours',
      });
      using crossing = await Crossing.between(left, right);
      await crossing.joined();
      crossing.exchange(400, 60);
      crossing.exchange(400, 1514);
      expect(joint.ended, joint.lines.join()).toBeUndefined();
      await joint.line(/skipped 22 octets of text before the first frame: "# maintenance tonight"; .*~\/\.profile/);
    },
  );
});

describe('vde_plug without dpipe', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch', 'vde_plug', 'socat']);

  it.each(whose)('joins two switches: %s', async (side) => {
    const [left, right] = [await original(stage, 'a'), await ours(stage, 'b')];
    await cross(stage, [left, right], [tool('vde_plug', side), left, right], [60, 1514]);
  });

  it.each(allWays.filter(({ dpipe }) => dpipe === 'ours'))(
    '$near: its frames go through another, $far, behind =',
    async ({ near, far }) => {
      const [left, right] = [await original(stage, 'a'), await ours(stage, 'b')];
      await cross(stage, [left, right], [tool('vde_plug', near), left, '=', tool('vde_plug', far), right], [60, 1514]);
    },
  );

  it('is the far end of a TCP connection that socat took: its input and output are one socket', async () => {
    const [left, right] = [await original(stage, 'a'), await ours(stage, 'b')];
    const port = await freePort();
    const listener = stage.start(['socat', '-d', '-d', `TCP-LISTEN:${port},bind=127.0.0.1`, `EXEC:${bin('vde_plug')} ${right}`], poisoned);
    await listener.line(/listening on/);
    await cross(stage, [left, right], [bin('dpipe'), bin('vde_plug'), left, '=', 'socat', '-', `TCP:127.0.0.1:${port}`], [60, 1514]);
  });

  it('carries what a file holds, and writes what it hears to one', async () => {
    const directory = await ours(stage, 'a');
    // As many as the switch keeps for the listener, should it get no processor meanwhile.
    const count = 4000;
    const listener = await VdeStation.plug(directory);
    writeFileSync(stage.path('in'), streamed(...Array.from({ length: count }, (_, i) => numbered(i))));
    const script = `exec ${bin('vde_plug')} ${directory} < ${stage.path('in')}`;
    const plug = stage.start(['sh', '-c', script], poisoned);
    expect(listener.hear((heard) => serialOf(heard) === count - 1).map(serialOf)).toEqual(Array.from({ length: count - 1 }, (_, i) => i));
    expect(await plug.exit).toEqual({ status: 0, signal: null });
    const writer = stage.start(['sh', '-c', `exec ${bin('vde_plug')} ${directory} > ${stage.path('out')}`], poisoned);
    await until('it is plugged in, and writes', () => {
      listener.send([listener.frame('all', 7)]);
      return existsSync(stage.path('out')) && readFileSync(stage.path('out')).length >= 62;
    });
    expect(readFileSync(stage.path('out')).subarray(0, 62)).toEqual(streamed(listener.frame('all', 7)));
    writer.stdin.end();
    expect(await writer.exit).toEqual({ status: 0, signal: null });
    listener.unplug();
  });
});

describe('our vde_plug', { timeout: 60_000 }, () => {
  const stage = useStage(['vde_switch']);

  /** Returns a plug whose streams are the test's, once the switch has it. */
  async function plugged(directory: string, ...args: readonly string[]): Promise<{ plug: Running; listener: VdeStation }> {
    const listener = await VdeStation.plug(directory);
    const plug = stage.start([bin('vde_plug'), ...args, directory], { ...poisoned, binary: true });
    plug.stdin.write(streamed(frame(60, 1)));
    listener.hear((heard) => heard[20] === 1);
    return { plug, listener };
  }

  it('takes frames whose octets come one by one, and goes on behind a length that makes no sense', async () => {
    const directory = await ours(stage, 'a');
    const { plug, listener } = await plugged(directory);
    for (const octet of streamed(frame(60, 2), frame(61, 3))) plug.stdin.write(Buffer.of(octet));
    expect(listener.hear((heard) => heard[20] === 3).map((heard) => heard[20])).toEqual([2]);
    plug.stdin.write(Buffer.concat([streamed(frame(60, 4)), Buffer.from('ffff0000', 'hex'), streamed(frame(60, 5))]));
    expect(listener.hear((heard) => heard[20] === 4)).toEqual([]);
    await plug.line(/a frame of 65535 octets was announced/);
    plug.stdin.write(streamed(frame(60, 6)));
    expect(listener.hear((heard) => heard[20] === 6)).toEqual([]);
    // Runts and empty frames do no harm.
    plug.stdin.write(Buffer.concat([streamed(Buffer.alloc(3), Buffer.alloc(0)), streamed(frame(60, 7))]));
    expect(listener.hear((heard) => heard[20] === 7)).toEqual([]);
    listener.unplug();
  });

  it.each(['ours', 'theirs'] as const)('ends with 0 when its input does, and when the switch goes away: %s', async (side) => {
    const [directory, other] = [await ours(stage, 'a'), stage.path('b')];
    const { plug, listener } = await plugged(directory);
    plug.stdin.end();
    expect(await plug.exit).toEqual({ status: 0, signal: null });
    listener.unplug();
    const peer = side === 'ours' ? await stage.vdeSwitch('-s', other, '--nostdin') : stage.start(['vde_switch', '-s', other]);
    await until('the switch serves', () => answers(`${other}/ctl`, 'stream'));
    const second = await plugged(other);
    const third = stage.start([bin('vde_plug'), other, '=', 'sh', '-c', 'echo up >&2; exec sleep 1000'], poisoned);
    await third.line(/^up$/);
    expect(readdirSync(other).filter((name) => name.startsWith('.'))).toEqual([]);
    await peer.end();
    expect(await second.plug.exit).toEqual({ status: 0, signal: null });
    expect(await third.exit).toEqual({ status: 0, signal: null });
    second.listener.unplug();
  });

  it('makes its switch wait while nobody reads it, in bounded memory, and loses nothing that it took', async () => {
    const directory = stage.path('a');
    await stage.vdeSwitch('-s', directory, '--nostdin', '--backlog-age', '600000');
    const { plug, listener: speaker } = await plugged(directory);
    plug.stdout.pause();
    const full = Array.from({ length: 64 }, (_, i) => speaker.frame('all', i, 1514));
    const before = residentMiB(plug.pid);
    for (let sent = 0; sent < 100_000; sent += full.length) speaker.send(full);
    expect(residentMiB(plug.pid) - before).toBeLessThan(40);
    // The output is a part of the input, in order and whole, and continues with the current input.
    let heard = Buffer.alloc(0);
    const serials: number[] = [];
    plug.stdout.on('data', (octets: Buffer) => {
      heard = Buffer.concat([heard, octets]);
      while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        const one = new Uint8Array(heard.subarray(2, 2 + heard.readUInt16BE(0)));
        if (senderOf(one) === speaker.number) serials.push(serialOf(one));
        heard = heard.subarray(2 + heard.readUInt16BE(0));
      }
    });
    plug.stdout.resume();
    await until('what is sent now is heard', () => {
      speaker.send([speaker.frame('all', 0xffff_ffff)]);
      return serials.includes(0xffff_ffff);
    });
    const first = serials.slice(0, serials.indexOf(0xffff_ffff));
    expect(first.length).toBeGreaterThan(500);
    // The first 500 were all taken before anything had to be dropped by the switch.
    expect(first.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, i) => i % 64));
    speaker.unplug();
  });

  it('is shown as the original is, at the port that it asks for', async () => {
    const running = await stage.vdeSwitch('-s', stage.path('a'), '--nostdin');
    const start = (...args: readonly string[]): Running =>
      stage.start([bin('vde_plug'), ...args], { env: { SSH_CLIENT: '192.0.2.7 40000 22' } });
    const plugs = [
      start(`${stage.path('a')}[7]`),
      start('-p', '8', '-s', stage.path('a')),
      start('--port', '9', '-D', 'lab', `vde://${stage.path('a')}`),
    ];
    const [user] = (await stage.run(['id', '-un'])).text.split('\n');
    for (const [i, name] of ['vdeplug:', 'vdeplug:', 'lab'].entries()) {
      await running.line(new RegExp(`port ${7 + i}: unix prog ${name} user=${user} pid=${plugs[i]?.pid} SSH=192.0.2.7`));
    }
  });

  it('finds the usual switch where both generations look, and a name in a file', async () => {
    const running = await stage.vdeSwitch('-s', stage.path('a'), '--nostdin');
    writeFileSync(stage.path('name'), `vde://${stage.path('a')}[5]\n`);
    stage.start([bin('vde_plug'), stage.path('name')]);
    await running.line(/port 5: unix prog/);
    await stage.run(['mkdir', '-p', stage.path('h1', '.vde2'), stage.path('h2', '.vdeplug')]);
    await stage.run(['ln', '-s', stage.path('a'), stage.path('h1', '.vde2', 'stdsock')]);
    stage.start([bin('vde_plug'), '[6]'], { env: { HOME: stage.path('h1') } });
    await running.line(/port 6: unix prog/);
    await stage.run(['cp', stage.path('name'), stage.path('h2', '.vdeplug', 'default')]);
    stage.start([bin('vde_plug')], { env: { HOME: stage.path('h2') } });
    await until(
      'two are at port 5',
      () => running.lines.filter((line) => /port 5: unix prog vdeplug: user=\S+ pid=\d+$/.test(line)).length === 2,
    );
  });

  it('goes to the background when it is plugged in, with a pidfile that goes with it', async () => {
    const running = await stage.vdeSwitch('-s', stage.path('a'), '--nostdin');
    const pidfile = stage.path('pid');
    const started = await stage.run([bin('vde_plug'), '-d', '-p', pidfile, stage.path('a'), '=', 'cat']);
    expect([started.status, started.text]).toEqual([0, '']);
    const pid = Number(readFileSync(pidfile, 'utf8'));
    await running.line(new RegExp(`port 1: unix prog vdeplug: user=\\S+ pid=${pid}`));
    process.kill(pid, 'SIGTERM');
    await running.line(/port 1: .* is gone/);
    await until('the pidfile is gone', () => !existsSync(pidfile));
  });

  it.each([
    [['/nonexistent'], 1, /no switch is at \/nonexistent: no such file or directory \(ENOENT\); start one/],
    [['foo://bar'], 1, /cannot plug into foo:\/\/bar: foo:\/\/ is not supported; use vde:\/\//],
    [['ptp:///tmp/x'], 1, /two plugs need a switch between them/],
    [['tcp://192.0.2.1:7000'], 1, /unencrypted; carry the stream by ssh/],
    [['-c', 'vde_plug /tmp/x'], 255, /not a login shell/],
    [['-z'], 255, /unrecognized option '-z'\nusage:/],
    [['a', 'b', 'c'], 255, /^usage:/],
    [['-h'], 255, /^usage:/],
    [['-d', '/tmp/x'], 255, /-d leaves no standard input/],
    [['-m', '9', '/tmp/x'], 255, /9 is not an octal mode/],
    [['--port', 'x', '/tmp/x'], 255, /x is not a port number/],
    [['-g', 'no-such-group', '/tmp/x'], 255, /No such group 'no-such-group'/],
  ] as const)('says what is wrong, and ends with the code of the original: %j', async (args, status, text) => {
    const ended = await stage.run([bin('vde_plug'), ...args]);
    expect([ended.status, ended.text]).toEqual([status, expect.stringMatching(text)]);
  });

  it('is a subcommand of etherloom, with its arguments untouched', async () => {
    const help = await stage.run([bin('etherloom'), 'plug', '-h']);
    expect([help.status, help.text]).toEqual([255, (await stage.run([bin('vde_plug'), '-h'])).text]);
    const joined = await stage.run([bin('etherloom'), 'dpipe', '--', 'true', '=', 'sh', '-c', 'exit 7']);
    expect(joined.status).toBe(7);
  });
});

function numbered(serial: number): Uint8Array {
  const octets = frame(60);
  octets.writeUInt32BE(serial, 14);
  return octets;
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('our vde_plug, whose reader is late', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it.each(['is told to end', 'loses its switch'])('and which %s, brings to him what it has, whole', async (how) => {
    const running = await stage.vdeSwitch('-s', stage.path('sw'), '-M', stage.path('m'), '--nostdin');
    const talk = await ConsoleTalk.with(stage.path('m'));
    const given = async (): Promise<number> => Number(/OUT: pkts +(\d+)/.exec(await talk.ask('port/print 2'))?.[1]);
    const station = await VdeStation.plug(stage.path('sw'));
    const plug = stage.start([bin('vde_plug'), stage.path('sw')], { ...poisoned, binary: true });
    const heard: Buffer[] = [];
    plug.stdout.on('data', (octets: Buffer) => heard.push(octets));
    await until('it is there', () => {
      station.send([station.frame('all', 0)]);
      return heard.length > 0;
    });
    plug.stdout.pause();
    // More than a pipe holds, and less than a socket.
    const frames = Array.from({ length: 180 }, (_, number) => frame(1514, number));
    const before = await given();
    for (const one of frames) station.send([one]);
    await until('the plug was given all', async () => (await given()) >= before + frames.length);
    const rest = (): Buffer => Buffer.concat(heard);
    if (how === 'is told to end') plug.signal('SIGTERM');
    else running.signal('SIGTERM');
    plug.stdout.resume();
    expect(await plug.exit).toEqual({ status: 0, signal: null });
    const all = streamed(...frames);
    await until('all is read', () => plug.stdout.readableEnded);
    expect(rest().subarray(-all.length).equals(all)).toBe(true);
    station.unplug();
  });
});
