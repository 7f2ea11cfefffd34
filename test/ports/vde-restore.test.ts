import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VdeListener } from '../../src/ports/vde/vde-listener.ts';
import { bound } from '../system/sockets.ts';
import { collect, descriptors, frameOf, lost, Ports, using } from './rig.ts';
import { connect, serve, Stream, type RawClient, type Served } from './vde-stage.ts';

/** Frames go both ways between the client and its port. */
async function flows({ rig, ports }: Served, client: RawClient, number: number): Promise<void> {
  const port = ports.ports[number];
  if (!port) throw new Error(`there is no port ${number}`);
  const [near, far] = [collect(client.port(rig)), collect(port)];
  rig.send(port, frameOf(60));
  await near.count(1);
  expect(far.reason).toBeUndefined();
}

describe('a VDE directory that was removed', () => {
  it('is made again, and the clients that it had stay', async () => {
    const served = serve({ mode: 0o660 });
    const { directory, listener } = served;
    const [old, gone] = [await connect(directory), await connect(directory)];
    const before = descriptors();
    expect(lost(listener)).toBeUndefined();
    rmSync(directory, { recursive: true });
    expect(lost(listener)).toBe(directory);
    listener.restore();
    expect(lost(listener)).toBeUndefined();
    expect(descriptors()).toBe(before);
    expect((statSync(directory).mode & 0o7777).toString(8)).toBe('2770');
    expect(readdirSync(directory)).toEqual(['ctl']);
    await connect(directory);
    expect(readdirSync(directory).length).toBe(2);
    gone[Symbol.dispose]();
    await flows(served, old, 0);
    await listener[Symbol.asyncDispose]();
    expect(existsSync(directory)).toBe(false);
  });

  it('has only its ctl made again, where that alone was removed', async () => {
    const served = serve();
    const { directory, listener } = served;
    const old = await connect(directory);
    unlinkSync(join(directory, 'ctl'));
    expect(lost(listener)).toBe(join(directory, 'ctl'));
    listener.restore();
    await connect(directory);
    expect(readdirSync(directory)).toContain(basename(old.path));
    await flows(served, old, 0);
  });

  it('is not made again in the place of something else, and stays as it was', async () => {
    const { directory, listener } = serve();
    const moved = `${directory}-moved`;
    renameSync(directory, moved);
    writeFileSync(directory, 'mine');
    expect(() => listener.restore()).toThrow('choose a directory');
    unlinkSync(directory);
    mkdirSync(`${directory}-else`);
    symlinkSync(`${directory}-else`, directory);
    expect(() => listener.restore()).toThrow('is a symbolic link now');
    expect(readdirSync(`${directory}-else`)).toEqual([]);
    unlinkSync(directory);
    // It listens all the time.
    new Stream(moved).write(new Uint8Array(1));
    renameSync(moved, directory);
    expect(lost(listener)).toBeUndefined();
    await connect(directory);
  });

  it('leaves nothing in the one that was moved away', async () => {
    const served = serve();
    const { directory, listener } = served;
    const old = await connect(directory);
    renameSync(directory, `${directory}-moved`);
    listener.restore();
    expect(readdirSync(`${directory}-moved`)).toEqual([]);
    await flows(served, old, 0);
  });

  it('is left to another switch that has made it, whose files stay when the old one ends', async () => {
    const served = serve();
    const { directory, listener } = served;
    const old = await connect(directory);
    rmSync(directory, { recursive: true });
    const { ports, rig } = serve({ directory });
    const young = await connect(directory);
    expect(() => listener.restore()).toThrow('a switch is already serving');
    await flows(served, old, 0);
    const names = readdirSync(directory).sort();
    await listener[Symbol.asyncDispose]();
    expect(readdirSync(directory).sort()).toEqual(names);
    await flows({ ports, rig, listener, directory }, young, 0);
  });

  it("never costs another switch's socket of the same name", async () => {
    const { directory, listener, rig } = serve();
    const old = await connect(directory);
    const name = basename(old.path);
    rmSync(directory, { recursive: true });
    const next = using(VdeListener.open({ directory, acceptor: new Ports() }, rig.environment));
    bound(join(directory, name));
    await listener[Symbol.asyncDispose]();
    expect(readdirSync(directory).sort()).toEqual([name, 'ctl']);
    expect(lost(next)).toBeUndefined();
  });
});
