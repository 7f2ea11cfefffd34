import { once } from 'node:events';
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectConsole } from '../../src/console-client/connect.ts';
import { ConsoleListener } from '../../src/console-server/console-listener.ts';
import { eventually } from '../eventually.ts';
import { descriptors, lost, newDirectory } from '../ports/rig.ts';
import { connect } from '../ports/vde-stage.ts';
import { ConsoleClient, manage } from '../daemon/managed-stage.ts';

describe('the socket of a console', () => {
  it('has the mode that it was given, 0600 by default, and is gone with the switch', async () => {
    const { path, management } = await manage();
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await management[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
    expect(lstatSync((await manage({ mode: 0o660 })).path).mode & 0o777).toBe(0o660);
  });

  it('takes the place of one that nobody holds', async () => {
    const path = join(newDirectory(), 'm');
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    // A listener that was never asked to remove its file, as one that was killed.
    const renamed = `${path}.kept`;
    linkSync(path, renamed);
    dead.close();
    await once(dead, 'close');
    linkSync(renamed, path);
    await manage({ path });
    expect(await (await ConsoleClient.open(path)).say('nothing')).toBe('1038 Function not implemented\n');
  });

  it('leaves one that somebody holds, who is not disturbed, and says so', async () => {
    const first = await manage();
    const second = await manage({ path: first.path });
    expect(second.logged).toEqual([expect.stringContaining('another process serves')]);
    expect(await (await ConsoleClient.open(first.path)).say('ds/showinfo')).toContain(first.service.directory);
    expect(() => ConsoleListener.open({ path: first.path })).toThrow(expect.objectContaining({ code: 'busy' }) as Error);
  });

  it('leaves a file that is no socket', async () => {
    const path = join(newDirectory(), 'm');
    writeFileSync(path, 'mine');
    const { logged } = await manage({ path });
    expect(logged).toEqual([expect.stringContaining('is not a socket')]);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(() => ConsoleListener.open({ path })).toThrow(expect.objectContaining({ code: 'not-permitted' }) as Error);
  });

  it('is left at the end when another took its place', async () => {
    const { path, management } = await manage();
    unlinkSync(path);
    const other = ConsoleListener.open({ path });
    await management[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(true);
    other[Symbol.dispose]();
    expect(existsSync(path)).toBe(false);
  });
});

describe('the socket of a console with a long path, or one that was removed', () => {
  it('is connected to by our clients', async () => {
    const path = join(newDirectory(), 'x'.repeat(150), 'm');
    mkdirSync(dirname(path));
    const { management } = await manage({ path });
    const socket = await connectConsole(path);
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting.toString()).toContain('VDE switch');
    await management[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  it('is bound by its real path, through links', async () => {
    const directory = newDirectory();
    symlinkSync(directory, join(directory, 'link'));
    await manage({ path: join(directory, 'link', 'm') });
    expect(readFileSync('/proc/net/unix', 'utf8')).toContain(` ${join(directory, 'm')}\n`);
  });

  it('is made again, with its mode, and who is connected stays', async () => {
    const { path, service } = await manage({ mode: 0o660 });
    const old = await ConsoleClient.open(path);
    const [listener] = [...service.sockets].filter((socket) => socket !== service.control);
    expect(lost(listener)).toBeUndefined();
    unlinkSync(path);
    expect(lost(listener)).toBe(path);
    listener?.restore();
    expect(lstatSync(path).mode & 0o777).toBe(0o660);
    expect(await (await ConsoleClient.open(path)).say('nothing')).toBe('1038 Function not implemented\n');
    expect(await old.say('nothing')).toBe('1038 Function not implemented\n');
  });
});

describe('somebody at a console', () => {
  it('who is gone before he was greeted is nobody, and nothing is kept of him', async () => {
    const { path } = await manage();
    const before = descriptors();
    for (let i = 0; i < 200; i++) {
      const socket = createConnection(path);
      await once(socket, 'connect');
      socket.destroy();
    }
    await eventually(() => expect(descriptors()).toBe(before));
    expect(await (await ConsoleClient.open(path)).say('nothing')).toBe('1038 Function not implemented\n');
  });

  it('is told events as they happen, whether he types or not', async () => {
    const { path, service } = await manage();
    const client = await ConsoleClient.open(path);
    await client.say('debug/add port');
    client.shown = '';
    await connect(service.directory);
    await client.until((shown) => shown.includes('3021 port/+ 01\n') && shown.includes('3023 port/descr Port 01 FD  1 -> "raw'));
  });

  it('who reads slowly is told all events that he has room for, though he types nothing', async () => {
    const { path, service } = await manage();
    const client = await ConsoleClient.open(path);
    await client.say('plugin/add dump');
    await client.say('dump/active 1');
    await client.say('debug/add dump/packetin');
    client.shown = '';
    client.socket.pause();
    // More than the kernel holds for the client.
    const frame = new Uint8Array(1_000);
    for (let i = 0; i < 200; i++) service.plane.breath(() => service.plane.taps.show('in', 1, frame));
    client.socket.resume();
    await client.until((shown) => shown.split('\n').length === 201);
  });

  it('has replies of 5 MB whole, though he reads late, and whatever he asks next', { timeout: 60_000 }, async () => {
    const { path, service } = await manage({}, { numports: 25_000 });
    for (let port = 1; port <= 22_000; port++) service.plane.ports.create(port);
    const client = await ConsoleClient.open(path);
    client.socket.pause();
    client.socket.write('port/allprint\nport/allprint\nshowinfo\n');
    await new Promise(setImmediate);
    client.socket.resume();
    await client.until((shown) => shown.endsWith('1000 Success\n\nvde$ ') && shown.includes('pid '), 40_000);
    const replies = client.shown.split('\nvde$ ');
    expect(replies.length).toBe(4);
    for (const all of replies.slice(0, 2)) {
      expect(all.length).toBeGreaterThan(5_000_000);
      expect(all.match(/^Port \d+/gm)?.length).toBe(22_000);
      expect(all.endsWith('.\n1000 Success\n')).toBe(true);
    }
  });

  it('who never reads is not read any further, and costs the switch little more than a reply', async () => {
    const { path } = await manage();
    const client = await ConsoleClient.open(path);
    client.socket.pause();
    const before = process.memoryUsage().rss;
    const flood = 'help\n'.repeat(10_000);
    let taken = true;
    for (let i = 0; i < 100 && taken; i++) {
      taken = client.socket.write(flood);
      for (let turn = 0; turn < 20 && client.socket.writableLength > 0; turn++) await new Promise(setImmediate);
    }
    // Input that the switch did not take stays with the client.
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    const other = await ConsoleClient.open(path);
    expect(await other.say('nothing')).toBe('1038 Function not implemented\n');
  });

  it('is done when he says no more: his last line, without an end, too', async () => {
    const { path } = await manage();
    const client = await ConsoleClient.open(path);
    client.socket.end('ds/showinfo\nport/sho');
    await client.untilClosed();
    expect(client.shown).toMatch(/ctl dir .*\n.*\n\.\n1000 Success\n\nvde\$ 1038 Function not implemented\n\nvde\$ $/);
  });

  it('leaves by logout, and by shutdown ends the switch', async () => {
    const { path, shutdowns } = await manage();
    const client = await ConsoleClient.open(path);
    client.socket.write('logout\nshutdown\n');
    await client.untilClosed();
    expect(client.shown).toBe('9999 END OF SESSION');
    expect(shutdowns()).toBe(0);
    const other = await ConsoleClient.open(path);
    other.socket.write('shutdown\n');
    await other.untilClosed();
    expect(other.shown).toBe('9999 END OF SESSION');
    expect(shutdowns()).toBe(1);
  });

  it('who says more behind his logout, and reads late, is let go', async () => {
    const { path } = await manage();
    const client = await ConsoleClient.open(path);
    client.socket.pause();
    client.socket.write(`${'help\n'.repeat(200)}logout\n`);
    const other = await ConsoleClient.open(path);
    expect(await other.say('nothing')).toBe('1038 Function not implemented\n');
    client.socket.write('x\n');
    expect(await other.say('nothing')).toBe('1038 Function not implemented\n');
    client.socket.resume();
    await client.untilClosed();
    expect(client.shown.match(/^1000 Success$/gm)).toHaveLength(200);
    expect(client.shown.endsWith('9999 END OF SESSION')).toBe(true);
    expect(await other.say('nothing')).toBe('1038 Function not implemented\n');
  });

  it('may send a character in pieces', async () => {
    const { path } = await manage();
    const client = await ConsoleClient.open(path);
    const line = Buffer.from('pdump/filename \u00e9');
    await client.say('plugin/add pdump');
    client.shown = '';
    client.socket.write(line.subarray(0, -1));
    await client.until((shown) => shown.endsWith('vde$ '));
    expect(client.shown.match(/vde\$/g)?.length).toBe(1);
  });
});
