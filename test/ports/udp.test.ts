import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EtherloomError } from '../../src/errors.ts';
import { DatagramPort } from '../../src/ports/datagram-port.ts';
import type { Port } from '../../src/ports/pure/port.ts';
import { resolveHost } from '../../src/ports/tcp-address.ts';
import { openUdp, type UdpPortOptions } from '../../src/ports/udp.ts';
import { familyOf, type IpFamily } from '../../src/system/ip-address.ts';
import { bindIp, connectIp, setReceiveBuffer, udpSocket } from '../../src/system/ip-socket.ts';
import { hasWaiting } from '../../src/system/unix-socket.ts';
import { ownName } from '../../src/system/socket-name.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { closing } from '../system/sockets.ts';
import { conforms } from './conformance.ts';
import { ip, useNetworkNamespace } from './tap-stage.ts';
import { collect, dropped, frameOf, Rig, sameFrames, sendDatagram, using } from './rig.ts';

const loopback = { 4: '127.0.0.1', 6: '::1' } as const;

/** Returns a UDP socket at an address of the loopback, and its port. */
function socketAt(host: string, port = 0): { readonly fd: number; readonly port: number } {
  const fd = udpSocket(familyOf(host));
  bindIp(fd, host, port);
  return { fd, port: ownName(fd).port };
}

/** Returns a UDP port that was free a moment ago. */
function freePort(host: string): number {
  const { fd, port } = socketAt(host);
  closeSync(fd);
  return port;
}

/** A port, its UDP port, and the socket of its other side, which is connected to it. */
interface Joined {
  readonly port: Port;
  readonly local: number;
  readonly fd: number;
}

async function join(rig: Rig, host: string, options: Partial<UdpPortOptions> = {}): Promise<Joined> {
  const { fd, port: remote } = socketAt(host);
  const local = freePort(host);
  const port = await openUdp({ local: { host: '', port: local }, remote: { host, port: remote }, ...options }, rig.environment);
  connectIp(fd, host, local);
  return { port, local, fd };
}

for (const family of [4, 6] as const) {
  conforms({
    name: `UDP over IPv${family}`,
    injects: true,
    stalls: false,
    farGone: 'nothing',
    // The kernel gives an ordinary user room for little more, since each long frame takes more of its memory than its octets.
    underWay: 2 ** 16,
    async open(rig) {
      const { port, fd } = await join(rig, loopback[family]);
      setReceiveBuffer(fd, 2 ** 22);
      const far = new DatagramPort({ fd, module: 'far', description: 'far' }, rig.environment);
      return { port, far, inject: (octets) => void sendDatagram(fd, octets) };
    },
  });
}

describe.each([4, 6] as const)('a port on UDP over IPv%i', (family: IpFamily) => {
  const host = loopback[family];

  it('takes frames of its remote alone, also if others came before it was connected', async () => {
    const rig = new Rig();
    const { port, local, fd } = await join(rig, host);
    closing(fd);
    const here = collect(using(port));
    const stranger = closing(socketAt(host).fd);
    connectIp(stranger, host, local);
    sendDatagram(stranger, frameOf(70));
    sendDatagram(fd, frameOf(71));
    await here.count(1);
    expect(sameFrames(here.frames, [frameOf(71)])).toBe(true);
  });

  it('carries frames again when its remote returns, says once that it was away, and stays up', async () => {
    const rig = new Rig(new ManualClock());
    const { port, local, fd } = await join(rig, host);
    const remote = ownName(fd).port;
    const here = collect(using(port));
    closeSync(fd);
    for (let sent = 0; sent < 20; sent++) rig.send(port, frameOf(60));
    expect(rig.logged).toEqual([expect.stringMatching(/^no answer from the UDP port .*: connection refused \(ECONNREFUSED\); frames/)]);
    const again = socketAt(host, remote).fd;
    connectIp(again, host, local);
    const there = collect(using(new DatagramPort({ fd: again, module: 'm', description: 'd' }, rig.environment)));
    rig.send(port, frameOf(61));
    await there.count(1);
    expect(sameFrames(there.frames, [frameOf(61)])).toBe(true);
    expect([here.up, here.reason]).toEqual([true, undefined]);
    expect(port.counters.sentFrames + dropped(port.counters)).toBe(21);
  });

  it('counts what the kernel drops because frames come faster than they are read', async () => {
    const rig = new Rig();
    const { port, fd } = await join(rig, host);
    closing(fd);
    const here = collect(using(port));
    // More than the largest receive buffer holds.
    const most = 30_000;
    for (let sent = 0; sent < most; sent++) sendDatagram(fd, frameOf(60, 1));
    await eventually(() => expect(port.counters.receivedFrames + port.counters.drops['receive-overflow']).toBe(most));
    expect(port.counters.drops['receive-overflow']).toBeGreaterThan(0);
    expect(here.frames.length).toBe(port.counters.receivedFrames);
  });

  it('refuses a UDP port in use, and ends of two versions of IP', async () => {
    const { environment } = new Rig();
    const taken = socketAt(host);
    closing(taken.fd);
    const remote = { host, port: 9 };
    await expect(openUdp({ local: { host, port: taken.port }, remote }, environment)).rejects.toMatchObject({ code: 'busy' });
    const local = { host: loopback[family === 4 ? 6 : 4], port: 0 };
    await expect(openUdp({ local, remote }, environment)).rejects.toMatchObject({ code: 'bad-address' });
  });
});

describe('a port on UDP whose remote has a name', () => {
  const unknown = new EtherloomError('bad-address', 'peer.test has no address', {
    cause: Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
  });

  /** Returns a port to `peer.test`, whose address is what `address` holds, and how often it was asked for. */
  async function named(
    first: string | undefined,
  ): Promise<Joined & { rig: Rig; clock: ManualClock; name: { address: string | undefined; asked: number } }> {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const name = { address: first, asked: 0 };
    const resolve = (host: string): Promise<string> => {
      if (host !== 'peer.test') return resolveHost(host);
      name.asked++;
      return name.address === undefined ? Promise.reject(unknown) : Promise.resolve(name.address);
    };
    const { fd, port: remote } = socketAt('0.0.0.0');
    const local = freePort('127.0.0.1');
    const options = { local: { host: '127.0.0.1', port: local }, remote: { host: 'peer.test', port: remote }, resolve };
    return { rig, clock, name, fd: closing(fd), local, port: using(await openUdp(options, rig.environment)) };
  }

  /** Lets a clock go on, and questions for a name be answered. */
  async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
    for (let at = 0; at < milliseconds; at += 1000) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
  }

  it('waits until the name has an address', async () => {
    const { rig, clock, name, port, fd } = await named(undefined);
    const here = collect(port);
    expect(here.up).toBe(false);
    expect(rig.logged).toEqual([expect.stringMatching(/^no link to the UDP port peer\.test:\d+: peer.test has no address; trying again/)]);
    name.address = '127.0.0.1';
    await pass(clock, 2000);
    expect(here.up).toBe(true);
    rig.send(port, frameOf(60));
    await eventually(() => expect(hasWaiting(fd)).toBe(true));
  });

  it('resolves it again within 5 s when frames are refused, and not more often', async () => {
    const { rig, clock, name, port, fd } = await named('127.0.0.2');
    collect(port);
    // The socket at 127.0.0.2 takes frames of another one alone.
    connectIp(fd, '127.0.0.1', 9);
    name.address = '127.0.0.2';
    for (let i = 0; i < 10; i++) rig.send(port, frameOf(60));
    expect(name.asked).toBe(1);
    await pass(clock, 5000);
    expect(name.asked).toBe(2);
    for (let i = 0; i < 10; i++) rig.send(port, frameOf(60));
    name.address = '127.0.0.1';
    await pass(clock, 6000);
    expect(name.asked).toBe(4);
    expect(rig.logged.at(-1)).toMatch(/^linked to the UDP port peer\.test/);
    expect(rig.logged.at(-2)).toMatch(/: peer\.test is at 127\.0\.0\.1 now, no longer at 127\.0\.0\.2; trying again/);
  });

  it('resolves it again when nothing has come for a minute while frames were sent, but not when none was sent', async () => {
    const { rig, clock, name, port } = await named('127.0.0.1');
    collect(port);
    await pass(clock, 120_000);
    expect(name.asked).toBe(1);
    for (let second = 0; second < 61; second++) {
      rig.send(port, frameOf(60));
      await pass(clock, 1000);
    }
    expect(name.asked).toBe(2);
    await port[Symbol.asyncDispose]();
    expect(clock.timers).toBe(0);
  });
});

describe('a port on UDP whose path carries packets of 1,500 octets', () => {
  const remotes = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
  if (useNetworkNamespace()) {
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'near', 'mtu', '1500', 'type', 'veth', 'peer', 'name', 'far');
    for (const address of ['10.77.0.1/24', 'fd77::1/64'])
      ip('address', 'add', address, 'dev', 'near', ...(address.includes(':') ? ['nodad'] : []));
    for (const side of ['near', 'far']) ip('link', 'set', side, 'up');
  }

  it.each([
    [4, 1458],
    [6, 1438],
  ] as const)('over IPv%i has an MTU of %i: it drops longer frames, counts them, and says so once', async (family, mtu) => {
    const rig = new Rig();
    const remote = { host: remotes[family], port: 7 };
    const port = using(await openUdp({ local: { host: '', port: 0 }, remote }, rig.environment));
    const here = collect(port);
    expect(port.mtu).toBe(mtu);
    rig.send(port, frameOf(mtu + 14), frameOf(mtu + 15), frameOf(1514), frameOf(60));
    expect(port.counters.drops.oversize).toBe(2);
    expect(port.counters.sentFrames).toBe(2);
    const said = rig.logged.filter((line) => line.includes('is too long for the path'));
    expect(said).toEqual([expect.stringMatching(new RegExp(`carries ${mtu + 14}; set the MTU of the guests to ${mtu},`))]);
    expect(here.frames).toEqual([]);
  });

  it('sends longer frames in fragments if that is wished, and has no MTU then', async () => {
    const rig = new Rig();
    const remote = { host: remotes[4], port: 7 };
    const wishes = { fragmentation: 'allowed' } as const;
    const port = using(await openUdp({ local: { host: '', port: 0 }, remote, wishes }, rig.environment));
    collect(port);
    expect(port.mtu).toBeUndefined();
    rig.send(port, frameOf(9000));
    expect(port.counters).toMatchObject({ sentFrames: 1, drops: { oversize: 0 } });
  });
});
