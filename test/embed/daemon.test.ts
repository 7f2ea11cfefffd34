import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMaster, openSlave, openSwitch } from '../../src/embed/daemon.ts';
import { newPortCounters, openPortLoop, type Port, type Receiver } from '../../src/embed/ports.ts';
import { identityFile } from '../../src/star/node/identity-files.ts';
import { hostile } from '../switch/hostile-frames.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync('/tmp/el-')));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const place = (name: string): string => join(directory, name);

/** Returns a broadcast from a station of this number, which gets no answer. */
function broadcastOf(station: number): Uint8Array {
  const frame = new Uint8Array(60).fill(0xff, 0, 6);
  frame.set([2, 0, 0, 0, 0, station, 0x88, 0xb5], 6);
  return frame;
}

/** Attaches a receiver, and returns a promise that a frame of these octets comes. */
function arrival(port: Port, wanted: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const receive = (frame: Uint8Array): void => {
      if (Buffer.compare(frame, wanted) === 0) resolve();
    };
    port.attach({ receive, carrier: () => undefined, closed: () => undefined });
  });
}

/** Attaches a receiver, and returns a promise of the first frame that comes. */
function firstFrame(port: Port): Promise<Uint8Array> {
  return new Promise((resolve) => {
    port.attach({ receive: (frame) => resolve(frame.slice()), carrier: () => undefined, closed: () => undefined });
  });
}

/**
 * Returns the names and numbers of the handlers of the process. At `exit` the native handles are closed, which changes nothing for the
 * program.
 */
function handlers(): string[] {
  const names = process.eventNames().filter((name) => name !== 'exit');
  return names.map((name) => `${String(name)} ${process.listenerCount(name)}`);
}

describe('a switch in a program', () => {
  it('carries frames between VDE clients, and leaves the handlers of the process alone', async () => {
    const before = handlers();
    await using net = await openSwitch({ directory: place('net'), dhcp: { subnet: '10.77.0.0/24', state: place('leases') } });
    const loop = await openPortLoop();
    await using a = await loop.dial(`vde://${net.directory}`);
    await using b = await loop.dial(`vde://${net.directory}`);
    const heard = firstFrame(b);
    void firstFrame(a);
    loop.send(a, broadcastOf(1));
    expect(await heard).toEqual(broadcastOf(1));
    expect([...net.bridge.entries()].map(({ mac }) => mac)).toEqual([0x02_0000_0000_01]);
    expect(handlers()).toEqual(before);
  });

  it('takes ports that the program makes', async () => {
    await using net = await openSwitch({ directory: place('net') });
    const sent: Uint8Array[] = [];
    let receiver: Receiver | undefined;
    const port: Port = {
      module: 'own',
      description: 'a test',
      counters: newPortCounters(),
      attach: (to) => {
        receiver = to;
        to.carrier(true);
      },
      transmit: (frame) => sent.push(frame.slice()),
      flush: () => undefined,
      enable: () => undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    expect([net.addPort(port), net.addPort({ ...port })]).toEqual([1, 2]);
    net.breath(() => receiver?.receive(broadcastOf(7)));
    expect(sent).toEqual([broadcastOf(7)]);
  });

  it('ends by its console, and is disposed by the program', async () => {
    await using net = await openSwitch({ directory: place('net'), console: place('console') });
    const session = connect(place('console'));
    session.on('error', () => undefined).resume();
    session.write('shutdown\n');
    expect(await net.ended).toBeUndefined();
    session.destroy();
  });

  it('is refused where it cannot be', async () => {
    const open = (more: Partial<Parameters<typeof openSwitch>[0]>) => openSwitch({ directory: place('net'), ...more });
    await expect(open({ directory: place('no/where') })).rejects.toThrow(/no.where/);
    await expect(open({ dhcp: { subnet: '10.77.0.1/24', state: place('s') } })).rejects.toThrow('write it as 10.77.0.0/24');
    await expect(open({ dhcp: { subnet: '10.77.0.0/24', range: '1-2', state: place('s') } })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(open({ ports: ['tcp-listen://0.0.0.0:0'] })).rejects.toThrow('give { plain: true }');
    await using net = await open({});
    await expect(net.openPort('tcp://192.0.2.1:7')).rejects.toMatchObject({ code: 'not-permitted' });
  });
});

describe('a star in a program', () => {
  it('is a master and a slave, whose switches are one network', async () => {
    const before = handlers();
    const network = { subnet: '10.77.0.0/24', reservations: { 1: '10.77.0.99' } };
    await using master = await openMaster({ listen: '127.0.0.1:0', directory: place('m'), state: place('m-state'), ...network });
    await using slave = await openSlave({ master: master.link, directory: place('s'), state: place('s-state') });
    expect(slave.id).toBe(1);
    const loop = await openPortLoop();
    await using a = await loop.dial(`vde://${slave.directory}`);
    await using b = await loop.dial(`vde://${master.directory}`);
    const heard = firstFrame(b);
    void firstFrame(a);
    // The slave is ready before its link is up; frames sent until then are lost.
    const again = setInterval(() => loop.send(a, broadcastOf(3)), 20);
    expect(await heard).toEqual(broadcastOf(3));
    clearInterval(again);
    expect(handlers()).toEqual(before);
  });

  it('has ports, and members that may serve addresses or be more than one station, as with the commands', async () => {
    const door = (name: string): string => `qemu-stream-listen://${place(name)}`;
    await using master = await openMaster({
      listen: '127.0.0.1:0',
      subnet: '10.77.0.0/24',
      directory: place('m'),
      state: place('m-state'),
      trustDhcp: [3],
      openMembers: [4],
      ports: [door('m-door')],
    });
    const line = await master.newLine({ uses: 2 });
    const loop = await openPortLoop();
    await using centre = await loop.dial(`qemu-stream://${place('m-door')}`);
    for (const [id, rule] of [
      [3, 'rogue-dhcp'],
      [4, 'rogue-router'],
    ] as const) {
      const own = { directory: place(`s${id}`), state: place(`s${id}-state`), ports: [door(`s${id}-door`)] };
      await using slave = await openSlave({ ...own, line, id });
      expect(slave.id).toBe(id);
      await using station = await loop.dial(`qemu-stream://${place(`s${id}-door`)}`);
      const [[, frame] = expect.fail('there is a frame')] = hostile[rule];
      void firstFrame(station);
      const passed = arrival(centre, frame);
      const again = setInterval(() => loop.send(station, frame), 20);
      await passed;
      clearInterval(again);
    }
    const remote = { directory: place('s5'), state: place('s5-state'), ports: ['tcp://192.0.2.1:7'] };
    await expect(openSlave({ ...remote, line })).rejects.toThrow('write tcp://192.0.2.1:7?plain=yes');
  });

  it('has slaves whose keys are in memory only, and who are forgotten', async () => {
    await using master = await openMaster({
      listen: '127.0.0.1:0',
      subnet: '10.77.0.0/24',
      directory: place('m'),
      state: place('m-state'),
    });
    const line = await master.newLine({ ephemeral: true });
    const options = { directory: place('s'), state: place('s-state'), ephemeral: true };
    await using slave = await openSlave({ ...options, line });
    expect(slave.id).toBe(1);
    const written = readdirSync(place('s-state'));
    expect(written).not.toContain(identityFile);
    await expect(openSlave(options)).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('gives up waiting for its master when it is told to', async () => {
    const [abort, place1] = [new AbortController(), { directory: place('s'), state: place('s-state') }];
    const opening = openSlave({ master: '127.0.0.1:1', ...place1 }, { signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'timed-out' });
    await expect(openSlave({ master: '192.0.2.1:7000', ...place1 })).rejects.toThrow('give { plain: true }');
  });
});

describe('ports in a program', () => {
  it('dial and listen over TCP', async () => {
    const loop = await openPortLoop();
    const accepted = new Promise<Uint8Array>((resolve) => {
      void loop.listen('tcp-listen://127.0.0.1:0', (port) => void firstFrame(port).then(resolve)).then(dialAt);
    });
    let opened: AsyncDisposable[] = [];
    async function dialAt(listener: AsyncDisposable & { readonly address: string }): Promise<void> {
      const port = await loop.dial(`tcp://${listener.address}`);
      opened = [port, listener];
      port.attach({ receive: () => undefined, closed: () => undefined, carrier: (up) => up && loop.send(port, broadcastOf(5)) });
    }
    expect(await accepted).toEqual(broadcastOf(5));
    for (const one of opened) await one[Symbol.asyncDispose]();
  });

  it('tell which address dials and which listens', async () => {
    const loop = await openPortLoop();
    await expect(loop.dial('tcp-listen://127.0.0.1:0')).rejects.toThrow('use listen()');
    await expect(loop.listen('tcp://127.0.0.1:1', () => undefined)).rejects.toThrow('use dial()');
    await expect(loop.dial('udp://127.0.0.1:1')).rejects.toMatchObject({ code: 'bad-address' });
  });
});
