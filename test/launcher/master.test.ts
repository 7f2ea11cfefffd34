import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { macOfId } from '../../src/star/identity.ts';
import type { Slave } from '../../src/launcher/slave.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { Nodes } from './nodes.ts';
import { address, Guest } from './plugged-guest.ts';

describe('a master and its slaves', () => {
  it('give each guest its address by id, and carry its frames across the star', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const slaves = [await nodes.slave(master, 'one'), await nodes.slave(master, 'two')];
    const guests = await Promise.all(
      [master.sock, ...slaves.map(({ sock }) => sock)].map((sock, id) =>
        new Guest().plug(
          sock,
          macOfId(id),
          [0, 1, 2].filter((other) => other !== id).map((other) => address(`10.77.0.${10 + other}`)),
        ),
      ),
    );
    await Promise.all(guests.map((guest) => guest.until(() => guest.pings >= 2)));
    expect(guests.map(({ addresses }) => addresses[0])).toEqual(['10.77.0.10', '10.77.0.11', '10.77.0.12']);
  });

  it('are linked again within 2 s after the master is opened again, the leases unchanged', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const slave = await nodes.slave(master, 'one');
    const near = await new Guest().plug(slave.sock, macOfId(1), [address('10.77.0.1')]);
    // A client outside the star: its address is from the pool, and known by the journal alone.
    const stranger = await new Guest().plug(slave.sock, macFromNumber(0x020000000099));
    await near.until(() => near.pings > 0);
    await stranger.until(() => stranger.addresses.length > 0);
    await master[Symbol.asyncDispose]();
    const mark = nodes.logged.length;
    const second = await nodes.again(master);
    const reopened = performance.now();
    await nodes.says(/^linked to/, mark);
    expect(performance.now() - reopened).toBeLessThan(2000);
    const { pings } = near;
    await near.until(() => near.pings > pings);
    expect(near.addresses).toEqual(['10.77.0.11']);
    const returned = await new Guest().plug(second.sock, macFromNumber(0x020000000099));
    await returned.until(() => returned.addresses.length > 0);
    expect(returned.addresses[0]).toBe(stranger.addresses[0]);
  });

  it('give ids by order of joining, without gaps when many join at once, and the same after all were gone', async () => {
    const nodes = new Nodes();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const master = await nodes.master();
    const openAll = async (order: readonly string[], at = master): Promise<Map<string, Slave>> =>
      new Map(await Promise.all(order.map(async (name) => [name, await nodes.slave(at, name)] as const)));
    const first = await openAll(names);
    const ids = new Map([...first].map(([name, { id }]) => [name, id]));
    expect([...ids.values()].sort()).toEqual([1, 2, 3, 4, 5]);
    for (const slave of first.values()) await slave[Symbol.asyncDispose]();
    await master[Symbol.asyncDispose]();
    // The slaves' memory is removed, so that only the master's counts.
    for (const name of names) writeFileSync(join(nodes.state(name), 'welcome.json'), '');
    const second = await openAll([...names].reverse(), await nodes.again(master));
    expect(new Map([...second].map(([name, { id }]) => [name, id]))).toEqual(ids);
  });

  it('report one guest address behind two ports, once, and leave it where it was first while it speaks there', async () => {
    const nodes = new Nodes();
    // Members that are held to the addresses of their ids could not have one address.
    const master = await nodes.master({ dhcp: false, openMembers: [1, 2] });
    const slaves: Slave[] = [];
    for (const name of ['one', 'two']) {
      const linked = nodes.says(/^linked to/);
      slaves.push(await nodes.slave(master, name));
      await linked;
    }
    const [older, newer, observer] = [new Guest(), new Guest(), new Guest()];
    await older.plug(slaves[0]?.sock ?? '', macFromNumber(0x0200000000aa));
    await newer.plug(slaves[1]?.sock ?? '', macFromNumber(0x0200000000bb));
    await observer.plug(master.sock, macFromNumber(0x0200000000cc));
    const payload = new Uint8Array(46);
    const from = (destination: MacAddress, source: MacAddress, etherType: number): Uint8Array =>
      encodeEthernet({ destination, source, etherType, payload });
    const heard = (guest: Guest, etherType: number): number =>
      guest.frames.filter((frame) => frame[12] === etherType >> 8 && frame[13] === (etherType & 0xff)).length;
    older.send(from(broadcastMac, macOfId(7), 0x88b5));
    await observer.until(() => heard(observer, 0x88b5) === 1);
    const twice = /is in use behind two ports: port 1, tcp .*, where it stays .*, and port 2, tcp /;
    const contested = nodes.says(twice);
    for (let i = 0; i < 5; i++) newer.send(from(broadcastMac, macOfId(7), 0x88b6));
    await observer.until(() => heard(observer, 0x88b6) === 5);
    expect(await contested).toMatch(/^MAC 02:65:6c:00:00:07 of guest 7 /);
    // The slaves' switches report it as well, each with its own ports.
    expect(nodes.logged.filter((line) => twice.test(line)).length).toBe(1);
    observer.send(from(macOfId(7), macFromNumber(0x0200000000cc), 0x88b7));
    await older.until(() => heard(older, 0x88b7) === 1);
    expect(heard(newer, 0x88b7)).toBe(0);
  });
});

describe('a master', () => {
  it('keeps its state for itself', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await expect(nodes.master({ sock: nodes.sock('other') })).rejects.toMatchObject({ code: 'busy' });
    expect((await nodes.slave(master, 'one')).id).toBe(1);
  });

  it('has one MAC address, one key and one roster through its lives', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    await nodes.joined(master, 'one');
    const files = ['server-mac', 'identity.pem'].map((name) => join(nodes.state('master'), name));
    const before = files.map((file) => readFileSync(file, 'utf8'));
    await master[Symbol.asyncDispose]();
    const back = nodes.says(/^slave 1 at .* joined$/);
    await nodes.again(master);
    await back;
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
    expect(before[0]).toMatch(/^02:65:6c:01:/);
  });

  it.each(['roster.json', 'identity.pem', 'network.json', 'server-mac'])(
    'says which file is damaged: %s, and leaves nothing open',
    async (name) => {
      const nodes = new Nodes();
      const master = await nodes.master();
      await master[Symbol.asyncDispose]();
      const file = join(nodes.state('master'), name);
      const good = existsSync(file) ? readFileSync(file) : undefined;
      writeFileSync(file, '{"version":1,"nodes":{"zz":1}}');
      await expect(nodes.again(master)).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining(file) as string });
      if (good) writeFileSync(file, good);
      else rmSync(file);
      await nodes.again(master);
    },
  );

  it('whose roster cannot be written lets the slave try again, and lives', async () => {
    const nodes = new Nodes();
    const master = await nodes.master();
    const journal = join(nodes.state('master'), 'group.journal');
    rmSync(journal);
    mkdirSync(journal);
    const refused = nodes.says(/refused the slave.*the master cannot keep the id/);
    const slave = nodes.slave(master, 'one');
    await refused;
    rmdirSync(journal);
    expect((await slave).id).toBe(1);
    expect(nodes.failures).toEqual([]);
  });

  it('tells a slave which port is its own, in the form of one port for each', async () => {
    const nodes = new Nodes();
    const probe = await nodes.master({ dhcp: false }, 'probe');
    const free = Number(probe.link.split(':')[1]);
    await probe[Symbol.asyncDispose]();
    const master = await nodes.master({ slavePorts: new Map([[1, free]]) });
    const linked = nodes.says(new RegExp(`^linked to 127.0.0.1:${free}$`));
    await nodes.slave(master, 'one');
    await linked;
  });

  it('says so when there is no port above its own', async () => {
    const nodes = new Nodes();
    await expect(nodes.master({ listen: { host: '127.0.0.1', port: 65_535 } })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
