import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConsoleTalk, consoleAt, originalSwitch } from './console-talk.ts';
import { Crossing } from './crossing.ts';
import { bin, poisoned, until, useStage } from './stage.ts';
import { numbered, numberOf, streamed, whose, Wire } from './wire.ts';

const plugs = ['vde_plug', 'dpipe', 'vde_switch', 'wirefilter'];

describe('our wirefilter between two original switches', { timeout: 60_000 }, () => {
  const stage = useStage(plugs);

  it("joins the original's plugs under the original's dpipe, and is reached at its console", async () => {
    const [left, right] = [(await originalSwitch(stage, 'a')).directory, (await originalSwitch(stage, 'b')).directory];
    const filter = [bin('wirefilter'), '-d', '5', '-M', stage.path('m')];
    const joint = stage.start(['dpipe', 'vde_plug', left, '=', ...filter, '=', 'vde_plug', right], { ...poisoned, group: true });
    using crossing = await Crossing.between(left, right);
    await crossing.joined();
    for (const size of [60, 1514]) crossing.exchange(400, size);
    expect(joint.ended, joint.lines.join()).toBeUndefined();
    const talk = await ConsoleTalk.with(stage.path('m'));
    expect(await talk.ask('showinfo')).toContain('WireFilter: bidirectional\n');
    expect(await talk.ask('drops')).toMatch(/\nport +L->R 0 {3}R->L 0\n/);
    talk.end();
  });

  it.each(['one argument', 'two names'] as const)('has plugs of its own, by %s; its standard input is a console', async (how) => {
    const { directory } = await originalSwitch(stage, 'a');
    const right = stage.path('r');
    await stage.vdeSwitch('-s', right, '--nostdin');
    const sides = how === 'one argument' ? ['-v', `${directory}:vde://${right}[3]`] : [directory, right];
    const joint = stage.start([bin('wirefilter'), ...sides], poisoned);
    await joint.line(/bidirectional vdeplug filter L=.* R=.* starting/);
    using crossing = await Crossing.between(directory, right);
    await crossing.joined();
    for (const size of [60, 1514]) crossing.exchange(400, size);
    joint.stdin.end('loss 5\nshowinfo\n');
    expect(await joint.exit).toEqual({ status: 0, signal: null });
    expect(joint.lines.join('\n')).toMatch(/Loss {3}L->R 5\+0U {3}R->L 5\+0U\n/);
  });

  it('is on one way only between =} and }=, and goes on in the background with its pid in a file', async () => {
    const [left, right] = [stage.path('l'), stage.path('r')];
    for (const path of [left, right]) await stage.vdeSwitch('-s', path, '--nostdin');
    const joint = ['dpipe', 'vde_plug', left, '=}', bin('wirefilter'), '-d', '5', '}=', 'vde_plug', right];
    stage.start(joint, { ...poisoned, group: true });
    using crossing = await Crossing.between(left, right);
    await crossing.joined();
    crossing.exchange(400, 500);
    // And another wire, which would be a loop if it carried anything.
    const daemon = ['-v', `${left}:${right}`, '-l', '100', '--daemon', '--pidfile', stage.path('pid'), '-M', stage.path('m')];
    expect(await stage.run([bin('wirefilter'), ...daemon, '--mgmtmode', '660'])).toEqual({ status: 0, signal: null, text: '' });
    const pid = Number(readFileSync(stage.path('pid'), 'utf8'));
    expect(statSync(stage.path('m')).mode & 0o777).toBe(0o660);
    await crossing.joined();
    const talk = await ConsoleTalk.with(stage.path('m'));
    expect(await talk.ask('drops')).toMatch(/\nloss +L->R [1-9]\d* {3}R->L [1-9]\d*\n/);
    expect(await talk.ask('shutdown')).toBe('9999 END OF SESSION');
    await until('the one in the background ends', () => !existsSync(`/proc/${pid}`));
    expect([existsSync(stage.path('m')), existsSync(stage.path('pid'))]).toEqual([false, false]);
  });

  it('goes on in the background under dpipe, too, with the streams of its neighbours', async () => {
    const [left, right] = [stage.path('l'), stage.path('r')];
    for (const path of [left, right]) await stage.vdeSwitch('-s', path, '--nostdin');
    const filter = [bin('wirefilter'), '--daemon', '--pidfile', stage.path('pid')];
    stage.start(['dpipe', 'vde_plug', left, '=', ...filter, '=', 'vde_plug', right], { ...poisoned, group: true });
    using crossing = await Crossing.between(left, right);
    await crossing.joined();
    crossing.exchange(400, 500);
    process.kill(Number(readFileSync(stage.path('pid'), 'utf8')), 'SIGTERM');
    await until('it is gone', () => !existsSync(stage.path('pid')));
  });
});

describe('wirefilter, ours and the original', { timeout: 60_000 }, () => {
  const stage = useStage(['wirefilter']);

  it.each(whose)('%s: loses, repeats and delays as many as it is told to', async (side) => {
    const [lossy, doubling, slow] = await Promise.all([
      new Wire(stage, side, '-l', '30').open(),
      new Wire(stage, side, '-D', '50').open(),
      new Wire(stage, side, '-d', '100+40').open(),
    ]);
    const frames = Array.from({ length: 2000 }, (_, number) => numbered(60, number));
    // The last ones are sent until one comes through, so that it is known when all did.
    for (const wire of [lossy, doubling]) {
      wire.send(...frames);
      await until('the last one came through', () => {
        wire.send(numbered(61, 1));
        return wire.heard.some(({ frame }) => frame.length === 61);
      });
    }
    const came = (wire: Wire): number => wire.heard.filter(({ frame }) => frame.length === 60).length;
    expect(came(lossy)).toBeGreaterThan(1200);
    expect(came(lossy)).toBeLessThan(1600);
    // 1 + 1/2 + 1/4 + ...
    expect(came(doubling)).toBeGreaterThan(3500);
    expect(came(doubling)).toBeLessThan(4500);
    const begun = performance.now();
    slow.send(...frames.slice(0, 200));
    await slow.hears(200);
    const times = slow.heard.map(({ at }) => at - begun);
    expect(Math.min(...times)).toBeGreaterThan(58);
    expect(slow.heard.map(({ frame }) => numberOf(frame))).toEqual(frames.slice(0, 200).map(numberOf));
  });

  it.each(whose)('%s: has a speed and a bandwidth', async (side) => {
    for (const option of ['-s', '-b']) {
      const wire = await new Wire(stage, side, option, '20k').open();
      const begun = performance.now();
      wire.send(...Array.from({ length: 20 }, (_, number) => numbered(1024, number)));
      await wire.hears(20);
      // 20 KiB, or a little more with what stands before each frame.
      const took = performance.now() - begun;
      expect(took, option).toBeGreaterThan(850);
      expect(took, option).toBeLessThan(5000);
      await wire.running.end();
    }
  });

  it.each(whose)('%s: tells of each frame that it sends on', async (side) => {
    // Node has no datagram sockets of this kind.
    const blinked = stage.start(['python3', '-u', '-c', listener, stage.path('b')]);
    await until('somebody listens', () => existsSync(stage.path('b')));
    const wire = await new Wire(stage, side, '--blink', stage.path('b'), '--blinkid', 'lamp').open();
    wire.send(numbered(100, 1), numbered(1000, 2));
    await blinked.line(/^lamp -- 1002$/);
    expect(blinked.lines).toContain('lamp -- 102');
  });
});

const listener = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(200).decode(), end='')`;

describe('what is wrong with the original wirefilter', { timeout: 60_000 }, () => {
  const stage = useStage([]);

  it('ours takes pieces of frames from both sides at once', async () => {
    // As dpipe does, but with all ends in this process's hands.
    const child = spawn(bin('wirefilter'), [], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
      env: { ...process.env, ...poisoned.env, ALTERNATE_STDIN: '3', ALTERNATE_STDOUT: '4' },
    });
    const [left, back, , right, forth] = child.stdio;
    if (!(left && back && right && 'write' in right && forth && 'on' in forth)) throw new Error('no pipes');
    const heard = { left: Buffer.alloc(0), right: Buffer.alloc(0) };
    back.on('data', (octets: Buffer) => (heard.left = Buffer.concat([heard.left, octets])));
    forth.on('data', (octets: Buffer) => (heard.right = Buffer.concat([heard.right, octets])));
    const sent = (which: number): Buffer => Buffer.from(streamed(...[60, 1500, 9230, 18].map((size) => numbered(size + which, which))));
    const [fromLeft, fromRight] = [sent(1), sent(2)];
    for (let at = 0; at < fromRight.length; at += 97) {
      await new Promise((resolve) => left.write(fromLeft.subarray(at, at + 97), resolve));
      await new Promise((resolve) => right.write(fromRight.subarray(at, at + 97), resolve));
    }
    await until('all came', () => heard.left.length >= fromRight.length && heard.right.length >= fromLeft.length);
    expect([heard.right.equals(fromLeft), heard.left.equals(fromRight)]).toEqual([true, true]);
    left.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(child.exitCode).toBe(0);
  });

  it('ours lets all through that came before the end of its input, however long it is under way', async () => {
    const wire = await new Wire(stage, 'ours', '-d', '200').open();
    const frames = Array.from({ length: 400 }, (_, number) => numbered(1000, number));
    wire.send(...frames);
    wire.running.stdin.end();
    expect(await wire.running.exit).toEqual({ status: 0, signal: null });
    await wire.hears(400);
    expect(wire.heard.map(({ frame }) => numberOf(frame))).toEqual(frames.map((_, number) => number));
  });

  it('ours cuts no frame of its own plugs', async () => {
    const [left, right] = [stage.path('l'), stage.path('r')];
    for (const path of [left, right]) await stage.vdeSwitch('-s', path, '--nostdin');
    stage.start([bin('wirefilter'), left, right], poisoned);
    using crossing = await Crossing.between(left, right);
    await crossing.joined();
    for (const size of [2047, 9000]) crossing.exchange(40, size, 4);
  });

  it('our MTU is that of the frame, not of frame and length', async () => {
    const wire = await new Wire(stage, 'ours', '-m', '1500').open();
    wire.send(numbered(1501, 1), numbered(1500, 2), numbered(60, 3));
    await wire.hears(2);
    expect(wire.heard.map(({ frame }) => frame.length)).toEqual([1500, 60]);
  });

  it('our noise is in the frame, and nowhere else', async () => {
    const wire = await new Wire(stage, 'ours', '-n', '2k').open();
    const frames = Array.from({ length: 300 }, (_, number) => numbered(1000, number));
    wire.send(...frames);
    await wire.hears(300);
    expect(wire.heard.every(({ frame }) => frame.length === 1000)).toBe(true);
    let flips = 0;
    wire.heard.forEach(({ frame }, i) => frame.forEach((octet, at) => (flips += bits(octet ^ (frames[i]?.[at] ?? 0)))));
    // 2,048 in 2^20 octets.
    expect(flips).toBeGreaterThan(400);
    expect(flips).toBeLessThan(800);
  });

  it('a length that makes no sense is told of, and the next frames pass', async () => {
    const wire = await new Wire(stage, 'ours').open();
    wire.running.stdin.write(Buffer.from('ffff00112233', 'hex'));
    await wire.running.line(/a frame of 65535 octets was announced/);
    wire.send(numbered(60, 5));
    await wire.hears(1);
    expect(wire.heard.map(({ frame }) => numberOf(frame))).toEqual([5]);
  });

  it('a console whose socket somebody has is left to him', async () => {
    const first = stage.start([bin('wirefilter'), '-M', stage.path('m')]);
    await consoleAt(stage.path('m'), first);
    const second = await stage.run([bin('wirefilter'), '-M', stage.path('m')]);
    expect(second).toMatchObject({ status: 1, text: expect.stringContaining('another process serves') as string });
    const talk = await ConsoleTalk.with(stage.path('m'));
    talk.end();
  });

  it.each([
    [['--wrong'], /unrecognized option '--wrong'[^]*usage:/],
    [['-l', 'abc'], /--loss abc is not a value/],
    [['-D', '100'], /dup: the value is out of range/],
    [['-d', '5[1]'], /delay: the value is out of range, or there is no such Markov node/],
    [['-v', 'a'], /-v a does not name two plugs; use -v A:B/],
    [['-v', '-:-'], /both sides are standard input/],
    [['one'], /usage:/],
    [['-v', '/nowhere/a:/nowhere/b'], /no switch is at \/nowhere\/a/],
    [['--mgmtmode', 'rw', '-M', 'm'], /rw is not an octal mode/],
  ])('%j is answered by what helps', async (args, message) => {
    const { status, text } = await stage.run([bin('wirefilter'), ...args]);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });

  it('runs a file of commands first, and tells what is wrong in it', async () => {
    writeFileSync(stage.path('rc'), 'loss 7\nnosuch\n\n# a remark\ndelay LR 3\n');
    const running = stage.start([bin('wirefilter'), '-f', stage.path('rc'), '-M', stage.path('m')]);
    await running.line(/rc command error: nosuch Function not implemented/);
    const talk = await ConsoleTalk.with(await consoleAt(stage.path('m'), running));
    expect(await talk.ask('showinfo')).toMatch(/Loss {3}7\+0U\n[^]*Delay {2}3\+0U\n/);
    talk.end();
    writeFileSync(stage.path('rc'), 'shutdown\n');
    expect((await stage.run([bin('wirefilter'), '-f', stage.path('rc')])).status).toBe(0);
  });
});

function bits(octet: number): number {
  let count = 0;
  for (let rest = octet; rest > 0; rest &= rest - 1) count++;
  return count;
}
