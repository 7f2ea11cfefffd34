import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { Slave } from '../../src/launcher/slave.ts';
import { StationUplink } from '../../src/companions/station/station-uplink.ts';
import { Nodes } from './nodes.ts';

describe('a slave', () => {
  it('is given the id that its user demands, and refused one that is taken', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    expect((await nodes.slave(master, 'one', { id: 7 })).id).toBe(7);
    await expect(nodes.slave(master, 'two', { id: 7 })).rejects.toMatchObject({ code: 'refused' });
    expect((await nodes.slave(master, 'three')).id).toBe(1);
  });

  it('is refused while another with its key is alive, and let in when that is gone', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const first = await nodes.slave(master, 'one');
    mkdirSync(nodes.state('copy'), { mode: 0o700 });
    for (const file of ['node-key', 'membership.json']) copyFileSync(join(nodes.state('one'), file), join(nodes.state('copy'), file));
    const refused = nodes.says(/slave 1 is alive at/);
    const second = nodes.slave(master, 'copy');
    await refused;
    await first[Symbol.asyncDispose]();
    expect((await second).id).toBe(1);
  });

  it('that was let in before begins without its master, and links when that comes', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const first = await nodes.slave(master, 'one');
    await first[Symbol.asyncDispose]();
    await master[Symbol.asyncDispose]();
    expect((await nodes.slave(master, 'one')).id).toBe(1);
    const joined = nodes.says(/^joined as slave 1/);
    const linked = nodes.says(/^linked to/);
    await nodes.again(master);
    await Promise.all([joined, linked]);
    expect(nodes.failures).toEqual([]);
  });

  it('keeps its id with a master that lost its roster', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await nodes.slave(master, 'one');
    const two = await nodes.slave(master, 'two');
    await two[Symbol.asyncDispose]();
    await master[Symbol.asyncDispose]();
    rmSync(join(nodes.state('master'), 'group.journal'));
    const joined = nodes.says(/^joined as slave 1/);
    await nodes.again(master);
    await joined;
    expect((await nodes.slave(master, 'two')).id).toBe(2);
  });

  it('goes on under its key, with another id, where the master lost its roster and gave its id to a stranger', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const slave = await nodes.slave(master, 'one');
    await master[Symbol.asyncDispose]();
    const other = await nodes.master({}, 'other');
    expect((await nodes.slave(other, 'stranger')).id).toBe(1);
    await other[Symbol.asyncDispose]();
    copyFileSync(join(nodes.state('other'), 'group.journal'), join(nodes.state('master'), 'group.journal'));
    const said = nodes.says(/^the master now assigns id 2, 02:65:6c:00:00:02, and assigned id 1, .* before: start your QEMU again/);
    const linked = nodes.says(/^linked to/);
    const again = await nodes.again(master);
    await Promise.all([said, linked]);
    expect(slave.id).toBe(2);
    await slave[Symbol.asyncDispose]();
    expect((await nodes.slave(again, 'one')).id).toBe(2);
    expect(nodes.failures).toEqual([]);
  });

  it('stops waiting for its master when it is told to end', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await master[Symbol.asyncDispose]();
    const abort = new AbortController();
    const where = { host: '127.0.0.1', port: Number(master.link.split(':')[1]) };
    const options = { plain: { master: where }, sock: nodes.sock('one'), state: nodes.state('one') };
    const waiting = Slave.open(options, { ...nodes.environment, signal: abort.signal }, () => undefined);
    const aborted = Slave.open(
      { ...options, sock: nodes.sock('two'), state: nodes.state('two') },
      { ...nodes.environment, signal: AbortSignal.abort() },
      () => undefined,
    );
    await expect(aborted).rejects.toMatchObject({ code: 'timed-out' });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'timed-out' });
  });
});

describe('a slave whose link is bad on purpose', () => {
  it('says so, and its frames are as late as they are said to be', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const said = nodes.says(/is impaired, each way: delay 150/);
    await nodes.slave(master, 'one', { impair: { delay: 150 } });
    await said;
    const environment = { clock: realClock, log: quietLog };
    const open = (directory: string, receive: (frame: Uint8Array) => void): Promise<StationUplink> =>
      StationUplink.open({ directory, description: 'a test', receive, carrier: () => undefined }, environment);
    let hear: (time: number) => void = () => undefined;
    const heard = new Promise<number>((resolve) => (hear = resolve));
    await using far = await open(nodes.sock('master'), () => hear(performance.now()));
    await using near = await open(nodes.sock('one'), () => undefined);
    const begun = performance.now();
    const again = setInterval(() => near.send(new Uint8Array(60).fill(0xff, 0, 6)), 20);
    try {
      expect((await heard) - begun).toBeGreaterThanOrEqual(149);
    } finally {
      clearInterval(again);
    }
    expect(far).toBeDefined();
  });
});
