import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../../src/ports/stream/stream-dialer.ts';
import type { ControlChannel, DialTarget } from '../../../src/star/channel.ts';
import type { JoinMessage } from '../../../src/star/messages.ts';
import { encodeJoinMessage } from '../../../src/star/message-codec.ts';
import type { DialMeans } from '../../../src/star/node/dial-master.ts';
import { Control } from '../../../src/star/node/newcomers.ts';
import { dialControl, linkToMaster } from '../../../src/star/node/star-dial.ts';
import { libc } from '../../../src/system/libc.ts';
import { eventually } from '../../eventually.ts';
import { ManualClock } from '../../manual-clock.ts';
import { collect, descriptors, frameOf, sameFrames, using } from '../../ports/rig.ts';
import { encodeFrames } from '../../ports/stream-stage.ts';
import { DoorStage, welcome } from './door-stage.ts';

const everyone = { anyone: true };
const hello = { type: 'hello', key: 'a'.repeat(32) } as const;

/** A slave's end of a control connection. */
class Slave {
  readonly messages: JoinMessage[] = [];
  channel: ControlChannel | undefined;
  closed: string | undefined;

  constructor(target: DialTarget, means: DialMeans, first?: JoinMessage) {
    const attempt = dialControl(means)(target, {
      opened: (channel) => {
        this.channel = channel;
        if (first) channel.send(first);
      },
      heard: () => undefined,
      message: (message) => void this.messages.push(message),
      closed: (reason) => (this.closed = reason),
    });
    onTestFinished(() => attempt[Symbol.dispose]());
  }

  async has(type: JoinMessage['type']): Promise<void> {
    await eventually(() => expect(this.messages.map((message) => message.type)).toContain(type));
  }
}

function targetOf(stage: DoorStage, pin: string | undefined = stage.identity.fingerprint): DialTarget {
  return { address: stage.place, pin, identity: 'current' };
}

/** Returns the dialling side of a link to the door. */
function link(stage: DoorStage, means: DialMeans, targets: readonly DialTarget[] = [targetOf(stage)]): StreamDialer {
  const far = linkToMaster({ name: 'the master', targets: () => targets }, means);
  return using(new StreamDialer(far, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, stage.rig.environment));
}

describe('a secured connection', () => {
  it('carries frames both ways, known by the key of its far end', async () => {
    const stage = await DoorStage.open();
    const { identity, means } = await stage.member(7);
    const dialer = link(stage, means);
    const there = collect(dialer.port);
    const port = await stage.ports.next();
    const here = collect(port);
    await Promise.all([here.carrierIs(true), there.carrierIs(true)]);
    expect(stage.ports.given[0]?.peer).toEqual({ kind: 'node', id: 7, fingerprint: identity.fingerprint });
    expect(stage.door.linkOf(identity.fingerprint)).toBe(port);
    const frames = [60, 1514, 65_535].map((size) => frameOf(size));
    stage.rig.send(dialer.port, ...frames);
    stage.rig.send(port, ...frames);
    await Promise.all([here.count(3), there.count(3)]);
    expect([sameFrames(here.frames, frames), sameFrames(there.frames, frames)]).toEqual([true, true]);
    expect(stage.rig.logged.filter((line) => line !== 'linked to the master')).toEqual([]);
  });

  it('tells both ends once a second that the other one sends', async () => {
    const [heard, signs]: [string[], string[]] = [[], []];
    const stage = await DoorStage.open({ alive: (key) => void heard.push(key) });
    const { identity, means } = await stage.member(7);
    const far = linkToMaster({ name: 'the master', targets: () => [targetOf(stage)] }, means);
    const options = { module: 'tls', framing: vdeFraming, awaitsGreeting: true, alive: () => void signs.push('master') };
    const dialer = using(new StreamDialer(far, options, stage.rig.environment));
    const [here, there] = [collect(await stage.ports.next()), collect(dialer.port)];
    await eventually(() => expect(Math.min(heard.length, signs.length)).toBeGreaterThanOrEqual(2));
    expect(new Set(heard)).toEqual(new Set([identity.fingerprint]));
    expect([here.frames, there.frames]).toEqual([[], []]);
  });

  it('carries messages both ways', async () => {
    const stage = await DoorStage.open();
    const { identity, means } = await stage.stranger();
    const slave = new Slave(targetOf(stage), means, { type: 'hello' });
    await slave.has('welcome');
    expect(slave.messages[0]).toMatchObject(welcome(1));
    const [control] = stage.controls;
    expect(control?.caller).toEqual({ key: identity.fingerprint, from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string });
    expect(stage.door.strangers).toBe(0);
    control?.channel.send({ type: 'kicked', reason: 'a test' });
    control?.channel.end('kicked');
    await eventually(() => expect(slave.closed).toBe('the other side closed the connection'));
    expect(slave.messages.at(-1)).toMatchObject({ type: 'kicked', reason: 'a test' });
    expect(control?.closed).toBe('kicked');
  });

  it('leaves the verdict on a silent control connection to the engine: the kernel waits three times as long', async () => {
    const stage = await DoorStage.open({ deadAfter: 7000 });
    const { means } = await stage.stranger();
    await new Slave(targetOf(stage), means, { type: 'hello' }).has('welcome');
    const { channel } = stage.controls[0] ?? expect.fail('it came');
    const { socket = -1 } = channel instanceof Control ? channel.channel : {};
    const value = Buffer.alloc(4);
    const size = Buffer.from(Uint32Array.of(value.length).buffer);
    const [IPPROTO_TCP, TCP_USER_TIMEOUT] = [6, 18];
    expect(libc.getsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, value, size)).toBe(0);
    expect(value.readInt32LE()).toBe(21_000);
  });

  it('is no link if the roster does not know the key: it is closed before a port is made', async () => {
    const stage = await DoorStage.open();
    const { means } = await stage.stranger();
    const there = collect(link(stage, means).port);
    await eventually(() => expect(stage.rig.logged.join('\n')).toMatch(/refused the link from 127.*: the group does not know it/));
    await eventually(() => expect(stage.rig.logged.join('\n')).toMatch(/no link to the master: the far end closed the link/));
    expect([stage.ports.ports.length, there.up]).toEqual([0, false]);
    expect(stage.rig.logged.join('\n')).not.toContain('linked to');
  });

  it('takes the place of an earlier link of the same key, and leaves those of others', async () => {
    const stage = await DoorStage.open();
    const changes: string[] = [];
    stage.door.changes.subscribe(({ id, linked }) => void changes.push(`${id} ${linked ? 'up' : 'down'}`));
    const [first, second] = [await stage.member(1), await stage.member(2)];
    link(stage, second.means);
    const other = collect(await stage.ports.next());
    link(stage, first.means);
    const before = collect(await stage.ports.next());
    await Promise.all([other.carrierIs(true), before.carrierIs(true)]);
    link(stage, first.means);
    const after = collect(await stage.ports.next());
    expect(await before.ended()).toBe('a newer link of the same host took its place');
    await after.carrierIs(true);
    expect([other.reason, after.reason]).toEqual([undefined, undefined]);
    await eventually(() => expect(changes).toEqual(['2 up', '1 up', '1 down', '1 up']));
    stage.door.endLink(first.identity.fingerprint, 'it was removed');
    expect(await after.ended()).toBe('it was removed');
  });

  it.each([
    [undefined, 5],
    [12_000, 12],
  ])('ends after a silence of its far end: %s -> %i s', async (deadAfter, seconds) => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({ deadAfter }, clock);
    const { identity } = await stage.member(1);
    const { certificate: cert, key } = identity;
    const socket = connectTls({
      port: stage.door.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      cert,
      key,
      ALPNProtocols: ['etherloom/link/1'],
    });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await eventually(() => {
      clock.advance(0);
      expect(stage.ports.ports.length).toBe(1);
    });
    const here = collect(await stage.ports.next());
    clock.advance(1000 * seconds - 1);
    expect(here.reason).toBeUndefined();
    clock.advance(1);
    expect(here.reason).toBe(`nothing came for ${seconds} s`);
  });

  it('falls back to the next address of the master, and to no plain one', async () => {
    const [stage, other] = [await DoorStage.open(), await DoorStage.open()];
    const { means } = await stage.member(1);
    const wrong = { ...targetOf(stage), address: other.place };
    const dialer = link(stage, means, [{ ...targetOf(stage), address: '127.0.0.1:1' }, wrong, targetOf(stage)]);
    await collect(dialer.port).carrierIs(true);
    expect(stage.rig.logged).toEqual(['linked to the master']);
    expect(other.controls).toEqual([]);
    await eventually(() => expect(other.door.strangers).toBe(0));
  });
});

describe('a host that dials', () => {
  it('sends nothing to a master with another pin, and says both', async () => {
    const stage = await DoorStage.open();
    const { means, identity } = await stage.stranger();
    const slave = new Slave(targetOf(stage, identity.fingerprint), means, { type: 'hello' });
    await eventually(() => expect(slave.closed).toBeDefined());
    expect(slave.closed).toContain(`its key has the pin ${stage.identity.fingerprint}`);
    expect(slave.closed).toContain(`this host expects ${identity.fingerprint}`);
    expect(slave.closed).toContain('--new-master');
    expect(stage.controls.flatMap(({ messages, heard }) => [messages.length, heard])).not.toContain(1);
  });

  it.each([
    ['is a plain master', Buffer.from(vdeFraming.greeting), /does not speak TLS: it is a plain master/],
    ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak TLS/],
    ['sends an alert', Buffer.from([0x15, 3, 3, 0, 2, 2, 40]), /no secured connection: TLS failed/],
    ['hangs up', Buffer.alloc(0), /no secured connection/],
  ])('says so when the far end %s', async (_what, answer, reason) => {
    const stage = await DoorStage.open();
    const server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end(answer),
    ).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { means } = await stage.stranger();
    const before = descriptors();
    const slave = new Slave({ ...targetOf(stage), address: `127.0.0.1:${port}` }, means);
    await eventually(() => expect(slave.closed).toMatch(reason));
    await eventually(() => expect(descriptors()).toBeLessThanOrEqual(before));
  });

  it('says so when no process listens, and calls nothing after it was disposed of', async () => {
    const stage = await DoorStage.open();
    const { means } = await stage.stranger();
    const target = { ...targetOf(stage), address: '127.0.0.1:1' };
    const slave = new Slave(target, means);
    await eventually(() => expect(slave.closed).toBe('connection refused (ECONNREFUSED)'));
    let called = 0;
    const count = (): void => {
      called++;
    };
    dialControl(means)(targetOf(stage), { opened: count, heard: count, message: count, closed: count })[Symbol.dispose]();
    await new Slave(targetOf(stage), means, { type: 'hello' }).has('welcome');
    expect(called).toBe(0);
  });
});

describe('a plain connection, where it is allowed', () => {
  it('is a link by its first octets', async () => {
    const stage = await DoorStage.open({ plain: everyone });
    const end = await stage.plain();
    end.socket.write(encodeFrames([frameOf(60)]));
    const here = collect(await stage.ports.next());
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(60)])).toBe(true);
    expect(stage.ports.given[0]?.peer).toMatchObject({ kind: 'remote' });
    expect(end.octets).toEqual(Buffer.from(vdeFraming.greeting));
  });

  it('is a control connection if it begins with a brace', async () => {
    const stage = await DoorStage.open({ plain: everyone });
    const end = await stage.plain();
    for (const octet of encodeJoinMessage(hello)) end.socket.write(octet);
    await eventually(() => expect(end.lines).toMatchObject([{ type: 'welcome', id: 1 }]));
    expect(stage.controls[0]?.caller).toMatchObject({ plain: true });
    expect(stage.door.strangers).toBe(0);
  });

  it('is a link if it is silent for a second, is sent frames, and may stay silent for ever', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({ plain: everyone }, clock);
    const end = await stage.plain();
    await eventually(() => expect(stage.door.strangers).toBe(1));
    clock.advance(999);
    expect(stage.ports.ports.length).toBe(0);
    clock.advance(1);
    const port = await stage.ports.next();
    const here = collect(port);
    for (let hour = 0; hour < 3; hour++) clock.advanceSeconds(3600);
    stage.rig.send(port, frameOf(60));
    await eventually(() => expect(end.octets).toEqual(Buffer.concat([vdeFraming.greeting, encodeFrames([frameOf(60)])])));
    expect(here.reason).toBeUndefined();
  });

  it('is none if it has begun with TLS when this process goes on after a standstill', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({ plain: everyone }, clock);
    const end = await stage.plain();
    await eventually(() => expect(stage.door.strangers).toBe(1));
    end.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
    clock.advance(2000);
    expect([stage.ports.ports.length, stage.door.strangers]).toEqual([0, 1]);
  });

  it('may begin with text, which is skipped with one line in the log', async () => {
    const stage = await DoorStage.open({ plain: everyone });
    const end = await stage.plain();
    end.socket.write(Buffer.concat([Buffer.from('Welcome to this host!\n'), vdeFraming.greeting, encodeFrames([frameOf(60)])]));
    const here = collect(await stage.ports.next());
    await here.count(1);
    expect(stage.rig.logged).toEqual([expect.stringContaining('Welcome to this host!')]);
  });

  it('loses its place to another one when all are taken and it was silent for longest', async () => {
    const stage = await DoorStage.open({ plain: everyone, mostPlain: 2 });
    const ends = [await stage.plain(), await stage.plain()];
    for (const end of ends) end.socket.write(encodeFrames([frameOf(60)]));
    const [first, second] = [collect(await stage.ports.next()), collect(await stage.ports.next())];
    await Promise.all([first.count(1), second.count(1)]);
    // The port that came first is heard again, and so the second one is the silent one.
    const loud = stage.ports.ports[0]?.description === `127.0.0.1:${ends[0]?.socket.localPort}` ? ends[0] : ends[1];
    loud?.socket.write(encodeFrames([frameOf(61)]));
    await first.count(2);
    const third = await stage.plain();
    third.socket.write(encodeFrames([frameOf(60)]));
    expect(await second.ended()).toMatch(/all 2 places for plain connections are taken, and it was silent for longest/);
    await collect(await stage.ports.next()).count(1);
    expect(first.reason).toBeUndefined();
  });

  it('has ports of its own, as in version 0.2.0', async () => {
    const stage = await DoorStage.open({ plain: everyone });
    const address = await stage.door.listenPlain({ host: '127.0.0.1', port: 0 }, 'control');
    const control = await stage.plain(Number(address.split(':')[1]));
    control.socket.write(encodeJoinMessage(hello));
    await eventually(() => expect(control.lines).toMatchObject([{ type: 'welcome' }]));
    const linkAddress = await stage.door.listenPlain({ host: '127.0.0.1', port: 0 }, 'link');
    await stage.plain(Number(linkAddress.split(':')[1]));
    // Without a word of the far end, and at once.
    collect(await stage.ports.next());
  });
});

describe('a door that is closed', () => {
  it('ends all connections, and leaves no descriptor and no timer', async () => {
    const clock = new ManualClock();
    const before = descriptors();
    const stage = await DoorStage.open({ plain: everyone }, clock);
    const { means } = await stage.member(1);
    const silent = await stage.plain();
    const control = await stage.plain();
    control.socket.write(encodeJoinMessage(hello));
    const frames = await stage.plain();
    frames.socket.write(encodeFrames([frameOf(60)]));
    const port = collect(await stage.ports.next());
    await eventually(() => expect(control.lines.length).toBe(1));
    const dialer = link(stage, means);
    const there = collect(dialer.port);
    await eventually(() => {
      clock.advance(0);
      expect(there.up).toBe(true);
    });
    await stage.door[Symbol.asyncDispose]();
    expect(await port.ended()).toBe('the switch ends');
    await Promise.all([silent.closed, control.closed, frames.closed]);
    await dialer[Symbol.asyncDispose]();
    await eventually(() => {
      clock.advance(0);
      expect(descriptors()).toBe(before);
    });
    expect(clock.timers).toBe(0);
  });
});
