import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { encodeVdeRequest } from '../../src/ports/vde/vde-control.ts';
import { VdeListener, type VdeListenerOptions } from '../../src/ports/vde/vde-listener.ts';
import { bindFile, datagramSocket, listen, setBoundHook, streamSocket } from '../../src/system/unix-socket.ts';
import { missing } from '../e2e/peers.ts';
import { closing } from '../system/sockets.ts';
import { descriptors, newDirectory, Ports, Rig } from './rig.ts';
import { bindClientSocket, connect, serve, Stream, type Served } from './vde-stage.ts';

const root = process.geteuid?.() === 0;
const nobody = 65_534;
const onlyRoot = 'only root can give files away';

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o7777).toString(8).padStart(4, '0');
}

function refuses(directory: string, options: Partial<VdeListenerOptions> = {}): unknown {
  try {
    VdeListener.open({ ...options, directory, acceptor: new Ports() }, new Rig().environment);
  } catch (error) {
    return error;
  }
  throw new Error('the directory was taken');
}

describe('the modes of a VDE directory and its sockets', () => {
  it.each([
    [{}, '2700', '0600', '0600'],
    [{ mode: 0o666 }, '2777', '0666', '0600'],
    [{ mode: 0o660 }, '2770', '0660', '0600'],
    [{ mode: 0o644 }, '2755', '0644', '0600'],
    [{ directoryMode: 0o755 }, '0755', '0644', '0600'],
    [{ directoryMode: 0o2770 }, '2770', '0660', '0600'],
    [{ mode: 0o660, directoryMode: 0o700 }, '0700', '0660', '0600'],
  ])('given %j are %s, %s for ctl', async (options, directoryMode, controlMode, rootPortMode) => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const { directory } = serve(options);
    expect(modeOf(directory)).toBe(directoryMode);
    expect(modeOf(join(directory, 'ctl'))).toBe(controlMode);
    const { path } = await connect(directory);
    expect(modeOf(path)).toBe(root ? rootPortMode : controlMode);
  });

  it('of the management port are its own', async () => {
    const { path } = await connect(serve({ mode: 0o666, managementMode: 0o640 }).directory, 'management');
    expect(modeOf(path)).toBe('0640');
    const closed = await connect(serve({ mode: 0o666 }).directory, 'management');
    expect(modeOf(closed.path)).toBe('0600');
  });

  it('stay what they are when a client is refused, and the umask is as before', async () => {
    const umask = process.umask(0o027);
    onTestFinished(() => void process.umask(umask));
    const { directory } = serve();
    await connect(directory);
    expect(process.umask(0o027)).toBe(0o027);
  });

  it('with a group belong to it, sockets and all', async ({ skip }) => {
    skip(!root, onlyRoot);
    const { directory } = serve({ gid: nobody, mode: 0o660, managementGid: 12 });
    const [any, management] = [await connect(directory), await connect(directory, 'management')];
    const groups = [directory, join(directory, 'ctl'), any.path, management.path].map((path) => lstatSync(path).gid);
    expect(groups).toEqual([nobody, nobody, nobody, 12]);
  });
});

describe('a switch of root, with clients of another user', () => {
  beforeEach(({ skip }) => {
    skip(!root, onlyRoot);
    const reason = missing(['vde_plug', 'setpriv']);
    skip(reason !== undefined, reason);
  });

  function serveEverybody(): Served {
    const parent = newDirectory();
    chmodSync(parent, 0o711);
    return serve({ directory: join(parent, 's'), mode: 0o666 });
  }

  function plug(directory: string): { ended: Promise<unknown> } {
    const command = ['--reuid=65534', '--regid=65534', '--clear-groups', 'vde_plug', `vde://${directory}`];
    const child = spawn('setpriv', command, { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return { ended: once(child, 'exit') };
  }

  it("gives the client the port's socket, and no other right", async () => {
    const { directory, ports } = serveEverybody();
    plug(directory);
    await ports.next();
    const name = readdirSync(directory).find((entry) => entry.startsWith('001.')) ?? '';
    expect(lstatSync(join(directory, name))).toMatchObject({ uid: nobody });
    expect(ports.given).toMatchObject([{ number: 1, peer: { kind: 'user', uid: nobody } }]);
    expect(lstatSync(join(directory, 'ctl')).uid).toBe(0);
  });

  it('refuses it when a link was put in the place of the new socket, and does not touch what that means', async () => {
    const { directory, ports, rig } = serveEverybody();
    const victim = join(newDirectory(), 'shadow');
    writeFileSync(victim, 'secret', { mode: 0o640 });
    const moved = join(directory, 'moved');
    setBoundHook((path) => {
      renameSync(path, moved);
      symlinkSync(victim, path);
    });
    onTestFinished(() => setBoundHook(undefined));
    await plug(directory).ended;
    expect(rig.logged[0]).toContain('was replaced by another file while it was being created');
    expect(ports.ports).toEqual([]);
    expect(lstatSync(victim)).toMatchObject({ uid: 0, gid: 0 });
    expect(modeOf(victim)).toBe('0640');
    expect(readFileSync(victim, 'utf8')).toBe('secret');
    // It has no holder, and refuses all connections.
    expect([lstatSync(moved).uid, modeOf(moved)]).toEqual([0, '0000']);
  });

  it('is not led to a socket that belongs to somebody else', async () => {
    const { directory, ports, rig } = serveEverybody();
    const { path, fd } = bindClientSocket(directory);
    onTestFinished(() => closeSync(fd));
    chownSync(path, nobody, nobody);
    const client = new Stream(directory);
    client.write(encodeVdeRequest({ wish: 'any', path, description: '' }));
    expect((await client.read()).length).toBe(0);
    expect(ports.ports).toEqual([]);
    expect(rig.logged[0]).toContain(`belongs to uid ${nobody}, not to its client, uid 0`);
  });
});

describe('a VDE directory that is already there', () => {
  it('is taken over from a switch that died, its sockets and those of dead clients removed, living ones left', () => {
    const directory = newDirectory();
    const dead = [
      ['ctl', streamSocket()],
      ['001.17', datagramSocket()],
      ['.01234-00000', datagramSocket()],
    ] as const;
    for (const [name, fd] of dead) {
      bindFile(fd, { path: join(directory, name), mode: 0o600 });
      closeSync(fd);
    }
    writeFileSync(join(directory, 'notes'), 'mine');
    writeFileSync(join(directory, '002.18'), 'mine');
    const living = bindClientSocket(directory);
    onTestFinished(() => closeSync(living.fd));
    serve({ directory });
    expect(readdirSync(directory).sort()).toEqual([basename(living.path), '002.18', 'ctl', 'notes'].sort());
  });

  it('may hold a name that no socket can have', async () => {
    const directory = newDirectory();
    const name = `.${'0'.repeat(120)}-00000`;
    writeFileSync(join(directory, name), '');
    const { listener } = serve({ directory });
    await listener[Symbol.asyncDispose]();
    expect(readdirSync(directory)).toEqual([name]);
  });

  it('is left alone while its switch lives, ours or another', async () => {
    const { directory } = serve();
    await connect(directory);
    const before = readdirSync(directory);
    expect(refuses(directory)).toMatchObject({ code: 'busy' });
    expect(readdirSync(directory)).toEqual(before);
    await connect(directory);

    const other = newDirectory();
    const fd = streamSocket();
    onTestFinished(() => closeSync(fd));
    bindFile(fd, { path: join(other, 'ctl'), mode: 0o600 });
    listen(fd, 1);
    expect(refuses(other)).toMatchObject({ code: 'busy' });
    expect(lstatSync(join(other, 'ctl')).isSocket()).toBe(true);
  });

  it('with a ctl that is no socket is refused, and the file stays', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'ctl'), 'precious');
    expect(refuses(directory)).toMatchObject({ code: 'not-permitted' });
    expect(readFileSync(join(directory, 'ctl'), 'utf8')).toBe('precious');
  });

  it('but is a file is refused, and its mode stays', () => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, '', { mode: 0o644 });
    expect(refuses(path)).toMatchObject({ code: 'not-permitted' });
    expect(modeOf(path)).toBe('0644');
  });

  it('and sticky is refused, and its mode stays', () => {
    const directory = newDirectory();
    chmodSync(directory, 0o1777);
    expect(refuses(directory)).toMatchObject({ code: 'not-permitted' });
    expect(modeOf(directory)).toBe('1777');
  });

  it("and another user's is refused", ({ skip }) => {
    skip(!root, onlyRoot);
    const directory = newDirectory();
    chmodSync(directory, 0o755);
    chownSync(directory, nobody, nobody);
    expect(refuses(directory)).toMatchObject({ code: 'not-permitted' });
    expect(modeOf(directory)).toBe('0755');
  });

  it('is found by its canonical name, through links', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'real'));
    symlinkSync(join(directory, 'real'), join(directory, 'link'));
    const { listener } = serve({ directory: join(directory, 'link') });
    expect(listener.address).toBe(join(directory, 'real'));
    expect((await connect(join(directory, 'real'))).path).toContain('/real/001.');
  });

  it('or has no parent is refused with what to do', () => {
    expect(refuses('/nowhere/at/all')).toMatchObject({ code: 'system', message: expect.stringContaining('make its parent') as string });
  });

  it('and served by another keeps its mode', () => {
    const { directory } = serve();
    const other = newDirectory();
    bindFile(closing(streamSocket()), { path: join(other, 'ctl'), mode: 0o600 });
    const listening = closing(streamSocket());
    bindFile(listening, { path: join(other, 'ctl2'), mode: 0o600 });
    listen(listening, 1);
    renameSync(join(other, 'ctl2'), join(other, 'ctl'));
    for (const served of [directory, other]) {
      chmodSync(served, 0o710);
      expect(refuses(served, { mode: 0o666 })).toMatchObject({ code: 'busy' });
      expect(modeOf(served)).toBe('0710');
    }
  });
});

describe('the end of a switch', () => {
  it('leaves no file, and no descriptor', async () => {
    const before = descriptors();
    const { directory, listener } = serve();
    const clients = [await connect(directory), await connect(directory, 5)];
    for (const client of clients) client[Symbol.dispose]();
    await listener[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    expect(existsSync(directory)).toBe(false);
    expect(descriptors()).toBe(before);
  });

  it('leaves what is not its own: a living client, a successor', async () => {
    const { directory, listener } = serve();
    const { fd, path } = bindClientSocket(directory);
    onTestFinished(() => closeSync(fd));
    const successor = streamSocket();
    onTestFinished(() => closeSync(successor));
    renameSync(join(directory, 'ctl'), join(directory, 'old'));
    bindFile(successor, { path: join(directory, 'ctl'), mode: 0o600 });
    await listener[Symbol.asyncDispose]();
    expect(readdirSync(directory).sort()).toEqual([basename(path), 'ctl', 'old'].sort());
  });

  it('lets the next one have the directory at once', async () => {
    const { directory, listener } = serve();
    await listener[Symbol.asyncDispose]();
    const next = serve({ directory });
    expect(statSync(next.directory).isDirectory()).toBe(true);
    await connect(directory);
  });
});
