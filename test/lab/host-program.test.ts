import { describe, expect, it } from 'vitest';
import { EtherloomError as Theirs } from '../../src/dhcp/dhcp.ts';
import { assertReaches, EtherloomError, lab, play, recording, type HostProgram, type LabHost, type Network } from '../../src/lab/lab.ts';
import { EtherloomError as OfNode } from '../../src/lab/node/node.ts';

/** Returns a network of two hosts, of which the second one has a program. */
function pair(net: Network, program: HostProgram, diskLatency = 0): [LabHost, LabHost] {
  const s1 = net.switch('s1');
  return [net.host('a', s1), net.host('b', s1, { program, diskLatency })];
}

/** Counts its starts on its disk, and answers what it is asked with their number. */
const counting: HostProgram = async ({ udp, disk, log }) => {
  const starts = Number((await disk.read('starts')) ?? 0) + 1;
  await disk.write('starts', `${starts}`);
  await disk.sync();
  log(`start ${starts}`);
  const socket = udp(7);
  for (;;) {
    const { from, port, text } = await socket.receive();
    socket.send(from, port, `${text} ${starts}`);
  }
};

async function ask(net: Network, a: LabHost, text: string): Promise<string | undefined> {
  using socket = a.udp();
  socket.send('10.0.0.2', 7, text);
  await net.run({ milliseconds: 500 });
  return socket.received.at(-1)?.text;
}

describe('a program of a host', () => {
  it('is asynchronous, and waits by what it is given', async () => {
    using net = lab();
    const told: unknown[] = [];
    pair(net, async ({ sleep, now, random, ping, host }) => {
      const begun = now();
      await sleep(1500);
      told.push(now() - begun, await ping('10.0.0.1'), await ping('10.0.0.99', { timeout: 100 }), host.name);
      const drawn = Array.from({ length: 1000 }, () => [random(), random.integer(3, 5)] as const);
      told.push(
        drawn.every(([chance, one]) => chance >= 0 && chance < 1 && [3, 4, 5].includes(one)),
        new Set(drawn.flat()).size,
      );
    });
    await net.run({ seconds: 2 });
    expect(told).toEqual([1500, expect.any(Number), undefined, 'b', true, 1003]);
  });

  it('draws the same by the same seed', async () => {
    const drawn = async (seed: number): Promise<unknown> => {
      using net = lab({ seed });
      const numbers: number[] = [];
      pair(net, ({ random }) => numbers.push(random(), random.integer(1, 1e9)));
      await net.run({ seconds: 1 });
      return numbers;
    };
    expect(await drawn(5)).toEqual(await drawn(5));
    expect(await drawn(5)).not.toEqual(await drawn(6));
  });

  it('ends with a crash of its host, and starts again with what its disk had synced', async () => {
    using net = lab();
    const [a, b] = pair(net, counting);
    expect(await ask(net, a, 'x')).toBe('x 1');
    {
      using _down = b.crash();
      expect([b.running, b.end?.link.up]).toEqual([false, false]);
      expect(await ask(net, a, 'y')).toBeUndefined();
      expect(await a.ping(b, { timeout: 100 })).toBeUndefined();
      expect(await b.ping(a, { timeout: 100 })).toBeUndefined();
      expect(() => b.udp(9)).toThrow('b is down: it has crashed, or was removed; restart it first');
      expect(() => b.after(1, () => undefined)).toThrow('b is down: ');
      expect(() => net.link(b, net.switchNamed('s1'))).toThrow('cannot link to b: it has crashed; restart it first');
      await expect(assertReaches(b, a)).rejects.toThrow('\nb has crashed\n');
    }
    expect(await ask(net, a, 'z')).toBe('z 2');
    expect(b.log.map(({ text }) => text)).toEqual(['start 1', 'start 2']);
    await expect(assertReaches(a, '10.0.0.99')).rejects.toThrow(/\nat [\d.]+ ms b: start 1\nat [\d.]+ ms b: start 2$/);
    await assertReaches(b, a);
  });

  it('ends with its timers, sockets and memory, and nothing that it does afterwards is of use', async () => {
    using net = lab();
    const told: string[] = [];
    let wake = (): void => undefined;
    const [a, b] = pair(net, async ({ host, udp, sleep, log }) => {
      const life = told.filter((text) => text.startsWith('start')).length + 1;
      told.push(`start ${life}`);
      host.every(100, () => told.push(`tick ${life}`));
      const socket = udp(life);
      if (life > 1) return;
      await new Promise<void>((resolve) => (wake = resolve));
      socket.send('10.0.0.1', 9, 'from the dead');
      log('dead');
      void sleep(1).then(() => told.push('slept'));
      udp(99);
    });
    const ear = a.udp(9);
    await net.run({ milliseconds: 250 });
    const [one, two] = [b.crash(), b.crash()];
    const before = told.length;
    await net.run({ milliseconds: 500 });
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    await net.run({ milliseconds: 500 });
    expect([b.running, told.length]).toEqual([false, before]);
    two[Symbol.dispose]();
    wake();
    await net.run({ milliseconds: 150 });
    expect(told.slice(before)).toEqual(['start 2', 'tick 2']);
    expect([ear.received, b.log, b.stack.arp.entries.length]).toEqual([[], [], 0]);
    b.udp(1);
    b.udp(99);
    expect(() => b.udp(2)).toThrow('UDP port 2 is already open');
  });

  it('is told nothing more when its host is removed', async () => {
    using net = lab();
    let ticks = 0;
    const [, b] = pair(net, ({ host }) => host.every(100, () => ticks++));
    await net.run({ milliseconds: 250 });
    const down = b.crash();
    net.remove(b);
    down[Symbol.dispose]();
    await net.run({ seconds: 1 });
    expect([ticks, b.running]).toEqual([2, false]);
  });

  it('ends the run by what it fails with, as long as its host lives', async () => {
    using net = lab();
    const [, b] = pair(net, async ({ sleep }) => {
      await sleep(10);
      throw new Error('the program has failed');
    });
    await expect(net.run({ seconds: 1 })).rejects.toThrow('the program has failed');
    const down = b.crash();
    await net.run({ seconds: 1 });
    down[Symbol.dispose]();
    await expect(net.run({ seconds: 1 })).rejects.toThrow('the program has failed');
  });

  it('gives a run that is repeated from its recording, crashes included', async () => {
    using net = lab({ seed: 4, record: true });
    const [a, b] = pair(net, counting, 3);
    for (let n = 0; n < 3; n++) {
      await ask(net, a, `${n}`);
      using _down = b.crash();
      using _failing = b.disk.fail();
      b.disk.latency = n;
      await ask(net, a, 'nobody');
    }
    const text = recording(net);
    expect(text).toMatch(/\nhost b s1 diskLatency 3\n[^]*\nf1 = crash b\nf2 = fail-disk b\ndisk-latency b 0\n/);
    using again = play(text);
    expect(recording(again)).toBe(text);
  });
});

describe('a socket', () => {
  it('gives its datagrams one by one, and tells whoever waits that it was closed', async () => {
    using net = lab();
    const [a, b] = pair(net, () => undefined);
    const [socket, sender] = [b.udp(7), a.udp()];
    for (const text of ['one', 'two', 'three']) sender.send(b, 7, text);
    const first = socket.receive();
    await net.run({ seconds: 1 });
    expect((await first).text).toBe('one');
    expect([(await socket.receive()).text, (await socket.receive()).text]).toEqual(['two', 'three']);
    const waiting = socket.receive();
    socket[Symbol.dispose]();
    await expect(waiting).rejects.toThrow('no datagram comes to UDP port 7 of b: it is closed; open it again');
    await expect(socket.receive()).rejects.toThrow('it is closed');
  });

  it('of a host that crashed gives nothing, and fails nobody', async () => {
    using net = lab();
    let told = 0;
    const [, b] = pair(net, async ({ udp }) => {
      try {
        await udp(7).receive();
      } finally {
        told++;
      }
    });
    await net.run({ seconds: 1 });
    b.crash()[Symbol.dispose]();
    await net.run({ seconds: 1 });
    expect(told).toBe(0);
  });
});

describe('a disk', () => {
  it('takes its time, and fails while it shall', async () => {
    using net = lab();
    const [, b] = pair(net, () => undefined, 20);
    const told: unknown[] = [];
    b.start(async ({ disk, now }) => {
      await disk.write('x', 'one');
      told.push(now(), await disk.read('x'), await disk.read('y'), await disk.list(), now(), [...disk.synced]);
      await disk.sync();
      told.push([...disk.synced]);
      await disk.remove('x');
      told.push(await disk.list(), [...disk.synced]);
    });
    await net.run({ seconds: 1 });
    expect(told).toEqual([20, 'one', undefined, ['x'], 80, [], [['x', 'one']], [], [['x', 'one']]]);
    using _failing = b.disk.fail();
    const failed = b.disk.write('x', 'two').then(String, String);
    await net.run({ seconds: 1 });
    expect(await failed).toBe('EtherloomError: cannot write x on the disk of b: input/output error (EIO); end the failure of the disk');
  });

  it('has after a crash what was synced; of the rest it has lost some, and torn some', async () => {
    const after = async (seed: number): Promise<string | undefined> => {
      using net = lab({ seed });
      const [, b] = pair(net, async ({ disk }) => {
        if ((await disk.read('x')) !== undefined) return;
        await disk.write('x', 'old');
        await disk.sync();
        await disk.write('x', 'the new content');
      });
      await net.run({ seconds: 1 });
      b.crash()[Symbol.dispose]();
      return b.disk.synced.get('x');
    };
    const found = await Promise.all(Array.from({ length: 60 }, (_, seed) => after(seed)));
    expect(found.filter((text) => text === 'old').length).toBeGreaterThan(15);
    expect(found.filter((text) => text === 'the new content').length).toBeGreaterThan(5);
    const torn = found.filter((text) => text !== 'old' && text !== 'the new content');
    expect(torn.length).toBeGreaterThan(5);
    expect(torn.filter((text) => !'the new content'.startsWith(text ?? '?'))).toEqual([]);
    expect(await after(7)).toBe(await after(7));
  });
});

describe('a new name on a disk', () => {
  it('leaves the old or the new file whole, whenever the host crashes', async () => {
    const after = async (seed: number): Promise<string | undefined> => {
      using net = lab({ seed });
      const [, b] = pair(net, async ({ disk }) => {
        if ((await disk.list()).length > 0) return;
        await disk.write('x', 'old');
        await disk.write('new', 'the new content');
        await disk.sync();
        await disk.rename('new', 'x');
        await disk.rename('nothing', 'x');
      });
      await net.run({ seconds: 1 });
      expect([b.disk.synced.get('new'), b.disk.synced.get('x')]).toEqual(['the new content', 'old']);
      b.crash()[Symbol.dispose]();
      return [...b.disk.synced].join();
    };
    const found = await Promise.all(Array.from({ length: 30 }, (_, seed) => after(seed)));
    expect([...new Set(found)].sort()).toEqual(['x,old,new,the new content', 'x,the new content']);
  });
});

describe('a plug', () => {
  it('can be pulled, and put in again', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    {
      using _out = b.unplug();
      expect(net.linkNamed('s1-b').up).toBe(false);
      expect(await a.ping(b)).toBeUndefined();
    }
    await assertReaches(a, b);
    expect(() => net.host('c').unplug()).toThrow('c cannot be unplugged: it has no link; link it to a switch first');
  });
});

describe('crashes of a switch', () => {
  it('nest, as cuts do', async () => {
    using net = lab();
    const s1 = net.switch('s1');
    const [a, b] = [net.host('a', s1), net.host('b', s1)];
    const [one, two] = [s1.crash(), s1.crash()];
    one[Symbol.dispose]();
    expect(s1.running).toBe(false);
    two[Symbol.dispose]();
    expect(s1.running).toBe(true);
    await assertReaches(a, b);
  });
});

describe('the error of this package', () => {
  it('is had by the doors of what throws it', () => {
    expect([Theirs, OfNode]).toEqual([EtherloomError, EtherloomError]);
    using net = lab();
    expect(() => net.switchNamed('s9')).toThrow(EtherloomError);
  });
});
