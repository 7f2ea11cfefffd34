import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../../src/ports/stream/stream-dialer.ts';
import type { ControlChannel } from '../../../src/star/channel.ts';
import { encodeJoinMessage } from '../../../src/star/message-codec.ts';
import type { Handshake, HandshakeState } from '../../../src/star/node/handshake.ts';
import { linkToMaster } from '../../../src/star/node/star-dial.ts';
import { eventually } from '../../eventually.ts';
import { ManualClock } from '../../manual-clock.ts';
import { collect, frameOf, using } from '../../ports/rig.ts';
import { encodeFrames } from '../../ports/stream-stage.ts';
import { DoorStage, welcome, type PlainEnd } from './door-stage.ts';

const hello = encodeJoinMessage({ type: 'hello', key: 'b'.repeat(32) });
const everyone = { anyone: true };

/** The beginning of a ClientHello of 512 octets, by which a connection is known as one of TLS. */
const clientHello = Buffer.from([0x16, 3, 1, 2, 0, 1]);
const wholeHello = Buffer.concat([clientHello, Buffer.alloc(511)]);

/** The addresses from which so many members last came. */
const membersAt = (host: string, count: number): [string, string][] => Array.from({ length: count }, (_, i) => [`${host} ${i}`, host]);

describe('connections that say nothing', () => {
  it('have 64 places at most, and a member still gets in', async () => {
    const stage = await DoorStage.open();
    const ends: PlainEnd[] = [];
    for (let i = 0; i < 300; i++) ends.push(await stage.plain());
    await eventually(() => expect(ends.filter(({ socket }) => socket.closed).length).toBe(300 - 64));
    expect(stage.door.strangers).toBe(64);
    // The oldest ones had to go, and the others stay.
    expect(ends.slice(-64).some(({ socket }) => socket.closed)).toBe(false);
    const { means } = await stage.member(1);
    const target = { address: stage.place, pin: stage.identity.fingerprint, identity: 'current' } as const;
    const far = linkToMaster({ name: 'the master', targets: () => [target] }, means);
    const dialer = using(new StreamDialer(far, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, stage.rig.environment));
    await collect(dialer.port).carrierIs(true);
    expect(ends.flatMap(({ octets }) => [...octets])).toEqual([]);
  });

  it('of one address take no place from another', async () => {
    const stage = await DoorStage.open();
    const quiet = await stage.plain(stage.door.port, '127.0.0.2');
    const crowd: PlainEnd[] = [];
    for (let i = 0; i < 130; i++) crowd.push(await stage.plain(stage.door.port, '127.0.0.3'));
    await eventually(() => expect(crowd.filter(({ socket }) => socket.closed).length).toBe(130 - 63));
    expect(quiet.socket.closed).toBe(false);
  });

  it('have further places at an address of members: four for the first, and two for each other', async () => {
    const stage = await DoorStage.open({ familiar: membersAt('127.0.0.2', 40) });
    const crowd: PlainEnd[] = [];
    for (let i = 0; i < 200; i++) crowd.push(await stage.plain(stage.door.port, '127.0.0.2'));
    await eventually(() => expect(stage.door.strangers).toBe(64 + 4 + 2 * 39));
  });

  it('are closed after 5 s, also in the middle of a handshake', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({}, clock);
    const silent = await stage.plain();
    const begun = await stage.plain();
    begun.socket.write(clientHello);
    await eventually(() => expect(stage.door.strangers).toBe(2));
    clock.advance(4999);
    expect([silent.socket.closed, begun.socket.closed, stage.door.strangers]).toEqual([false, false, 2]);
    clock.advance(1);
    await Promise.all([silent.closed, begun.closed]);
    expect([silent.octets.length, begun.octets.length, stage.door.strangers, clock.timers]).toEqual([0, 0, 0, 1]);
  });

  it('give their places back when they end, also after too few octets', async () => {
    const stage = await DoorStage.open();
    const ends = [await stage.plain(), await stage.plain(), await stage.plain()];
    ends[1]?.socket.write(clientHello.subarray(0, 3));
    ends[2]?.socket.write(clientHello);
    await eventually(() => expect(stage.door.strangers).toBe(3));
    for (const { socket } of ends) socket.end();
    await eventually(() => expect(stage.door.strangers).toBe(0));
  });
});

describe('control connections that have not joined', () => {
  it('have 64 places at most, and are closed after 5 s', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({ plain: everyone }, clock);
    const ends: PlainEnd[] = [];
    for (let i = 0; i < 80; i++) {
      const end = await stage.plain();
      end.socket.write('{"type":');
      ends.push(end);
    }
    await eventually(() => {
      clock.advance(0);
      expect(ends.filter(({ socket }) => socket.closed).length).toBe(16);
    });
    const last = await stage.plain();
    last.socket.write(hello);
    await eventually(() => {
      clock.advance(0);
      expect(last.lines).toMatchObject([{ type: 'welcome' }]);
    });
    clock.advance(5000);
    await eventually(() => {
      clock.advance(0);
      expect(ends.every(({ socket }) => socket.closed)).toBe(true);
    });
    expect(last.socket.closed).toBe(false);
    expect(stage.door.strangers).toBe(0);
  });

  it.each([
    ['an operator', [{ type: 'wait', reason: 'a test' }], 1],
    ['a slow disk', [], 0],
  ] as const)('may wait for %s for as long as that takes, once they have said hello', async (_, answers, strangers) => {
    const clock = new ManualClock();
    let hellos = 0;
    const stage = await DoorStage.open(
      {
        plain: everyone,
        control: (_caller, channel) => ({
          heard: () => undefined,
          message: () => {
            hellos++;
            for (const answer of answers) channel.send(answer);
          },
          closed: () => undefined,
        }),
      },
      clock,
    );
    const end = await stage.plain();
    end.socket.write(hello);
    await eventually(() => expect([hellos, end.lines]).toEqual([1, answers]));
    clock.advanceSeconds(3600);
    await new Promise((resolve) => end.socket.write(encodeJoinMessage({ type: 'alive' }), resolve));
    await eventually(() => expect(hellos).toBe(2));
    expect([end.socket.closed, stage.door.strangers]).toEqual([false, strangers]);
  });

  it('take no places from each other while they wait for a slow disk', async () => {
    const channels: ControlChannel[] = [];
    const stage = await DoorStage.open({
      plain: everyone,
      control: (_caller, channel) => ({
        heard: () => undefined,
        message: () => void channels.push(channel),
        closed: () => undefined,
      }),
    });
    const ends: PlainEnd[] = [];
    for (let i = 1; i <= 100; i++) {
      const end = await stage.plain();
      end.socket.write(hello);
      ends.push(end);
      await eventually(() => expect(channels).toHaveLength(i));
    }
    for (const channel of channels) channel.send(welcome(1));
    await eventually(() => expect(ends.every(({ lines }) => lines.length === 1)).toBe(true));
  });

  it('lose their places by silence when all plain ones have joined', async () => {
    const stage = await DoorStage.open({ plain: everyone, mostPlain: 2 });
    const join = async (): Promise<PlainEnd> => {
      const end = await stage.plain();
      end.socket.write(hello);
      await eventually(() => expect(end.lines.length).toBe(1));
      return end;
    };
    const [first, second] = [await join(), await join()];
    first.socket.write('{"type":"alive"}\n');
    await eventually(() => expect(stage.controls[0]?.heard).toBe(2));
    const third = await join();
    await second.closed;
    expect([first.socket.closed, third.socket.closed]).toEqual([false, false]);
    expect(stage.controls[1]?.closed).toContain('it was silent for longest');
  });
});

describe('handshakes', () => {
  /** A handshake that never ends, and takes its time. */
  class Slow implements Handshake {
    static steps = 0;
    readonly #clock: ManualClock;

    constructor(clock: ManualClock) {
      this.#clock = clock;
    }

    step(): HandshakeState {
      Slow.steps++;
      this.#clock.advance(1);
      return { is: 'waiting', until: 'writable' };
    }

    [Symbol.dispose](): void {
      // It has no memory.
    }
  }

  /** A handshake that is over, in vain, when something follows the ClientHello. */
  class Answered implements Handshake {
    static begun = 0;
    static open = 0;
    readonly #fd: number;
    #steps = 0;

    constructor(fd: number) {
      this.#fd = fd;
      Answered.begun++;
      Answered.open++;
    }

    step(): HandshakeState {
      readSync(this.#fd, Buffer.alloc(wholeHello.length));
      return this.#steps++ === 0 ? { is: 'waiting', until: 'readable' } : { is: 'failed', reason: 'a test' };
    }

    [Symbol.dispose](): void {
      Answered.open--;
    }
  }

  it('begin when the whole ClientHello is there, in one piece or octet by octet', async () => {
    const clock = new ManualClock();
    Slow.steps = 0;
    const stage = await DoorStage.open({ security: { accept: () => new Slow(clock) }, bounds: { patience: 1_000_000 } }, clock);
    const end = await stage.plain();
    for (const octet of wholeHello.subarray(0, -1)) end.socket.write(Uint8Array.of(octet));
    const other = await stage.plain();
    other.socket.write(wholeHello.subarray(0, -1));
    await eventually(() => expect(stage.door.strangers).toBe(2));
    clock.advance(0);
    expect(Slow.steps).toBe(0);
    end.socket.write(wholeHello.subarray(-1));
    await eventually(() => {
      clock.advance(0);
      expect(Slow.steps).toBeGreaterThan(0);
    });
  });

  it('are under way for 64 at a time, and members wait for theirs without losing their places', async () => {
    const clock = new ManualClock();
    const familiar = [...membersAt('127.0.0.2', 100), ...membersAt('127.0.0.3', 1)];
    Answered.open = Answered.begun = 0;
    const stage = await DoorStage.open({ familiar, security: { accept: (fd) => new Answered(fd) } }, clock);
    const begin = async (address: string): Promise<PlainEnd> => {
      const end = await stage.plain(stage.door.port, address);
      end.socket.write(wholeHello);
      return end;
    };
    const counts = (begun: number, open: number): Promise<void> =>
      eventually(() => {
        clock.advance(0);
        expect([Answered.begun, Answered.open]).toEqual([begun, open]);
      });
    const crowd: PlainEnd[] = [];
    for (let i = 0; i < 100; i++) crowd.push(await begin('127.0.0.2'));
    await counts(64, 64);
    expect([stage.door.strangers, crowd.some(({ socket }) => socket.closed)]).toEqual([100, false]);
    // The next ones take the places of those that are done.
    for (const { socket } of crowd) socket.write('!');
    await counts(100, 0);
    expect(stage.door.strangers).toBe(0);
    // A crowd that does not go on holds up its own address alone.
    const stalled: PlainEnd[] = [];
    for (let i = 0; i < 100; i++) stalled.push(await begin('127.0.0.2'));
    await counts(164, 64);
    await begin('127.0.0.3');
    await counts(165, 64);
    await eventually(() => expect(stalled.filter(({ socket }) => socket.closed).length).toBe(1));
  });

  it('take a tenth of the time, and frames cross between them', async () => {
    const clock = new ManualClock();
    const bounds = { share: { start: 0 }, patience: 1_000_000 };
    const stage = await DoorStage.open({ plain: everyone, security: { accept: () => new Slow(clock) }, bounds }, clock);
    const frames = await stage.plain();
    frames.socket.write(vdeFraming.greeting);
    const port = await stage.ports.next();
    const here = collect(port);
    const crowd = await Promise.all(Array.from({ length: 10 }, () => stage.plain()));
    for (const { socket } of crowd) socket.write(wholeHello);
    await eventually(() => expect(stage.door.strangers).toBe(10));
    Slow.steps = 0;
    const began = clock.monotonic();
    for (let i = 1; i <= 50; i++) {
      clock.advance(20);
      frames.socket.write(encodeFrames([frameOf(60, i)]));
      await here.count(i);
    }
    const share = Slow.steps / (clock.monotonic() - began);
    expect(Slow.steps).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.13);
  });
});

describe('plain connections within this machine', () => {
  it.each([
    ['of this user', process.geteuid?.() ?? 0, true],
    ['of root', 0, true],
    ['of another user', 54_321, false],
    ['whose user cannot be told', undefined, false],
  ])('%s are taken: %s -> %s', async (_whose, uid, allowed) => {
    const stage = await DoorStage.open({ plain: { anyone: false, ownerOf: () => uid } });
    const [control, link] = [await stage.plain(), await stage.plain()];
    control.socket.write(hello);
    await eventually(() => expect(control.lines).toMatchObject([{ type: allowed ? 'welcome' : 'refusal' }]));
    link.socket.write(encodeFrames([frameOf(60)]));
    if (allowed) await collect(await stage.ports.next()).count(1);
    else await link.closed;
  });

  it('of this user are known by the kernel', async () => {
    const stage = await DoorStage.open({ plain: { anyone: false } });
    const end = await stage.plain();
    end.socket.write(hello);
    await eventually(() => expect(end.lines).toMatchObject([{ type: 'welcome' }]));
  });

  it.skipIf(process.geteuid?.() !== 0)('of another user are refused (only root can be another user)', async () => {
    const stage = await DoorStage.open({ plain: { anyone: false } });
    const program = `const s = require('node:net').connect(${stage.door.port}, '127.0.0.1'); s.write(${JSON.stringify(hello)}); s.pipe(process.stdout);`;
    const child = spawn(process.execPath, ['-e', program], { uid: 65_534, gid: 65_534, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await once(child, 'close');
    expect(JSON.parse(said)).toMatchObject({ type: 'refusal', reason: expect.stringContaining('another user, uid 65534') as string });
    expect(stage.controls).toEqual([]);
  });
});
