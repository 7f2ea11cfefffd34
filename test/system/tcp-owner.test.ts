import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeTcpDiagReply, encodeTcpDiagRequest, type TcpEnds } from '../../src/system/inet-diag.ts';
import { ownName, peerName } from '../../src/system/socket-name.ts';
import { inspectTcpSocket } from '../../src/system/sock-diag.ts';
import { farOwner, findInProc, tcpOwner } from '../../src/system/tcp-owner.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { accept, listen, type Fd } from '../../src/system/unix-socket.ts';
import { actAs, everyRights, type Actor } from '../rights.ts';
import { eventually } from '../eventually.ts';
import { closing } from './sockets.ts';

const uid = process.geteuid?.();

/** A listener's address, and the address that clients dial: of one family, and of IPv4 at a listener of both. */
const addresses = [
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.2'],
  ['127.0.0.1', '::ffff:127.0.0.1'],
  ['::', '::ffff:127.0.0.1'],
] as const;

function listening(address: string): Fd {
  const fd = closing(boundTcpSocket(address, 0, 3000));
  listen(fd, 8);
  return fd;
}

function farEndsOf(fd: Fd): TcpEnds {
  return { local: peerName(fd), remote: ownName(fd) };
}

async function accepted(listener: Fd): Promise<Fd> {
  let fd: Fd | undefined;
  await eventually(() => expect((fd = accept(listener))).toBeDefined());
  return closing(fd ?? -1);
}

/** Starts a process with other rights that connects to a listener, and returns our end of the connection once it has spoken. */
async function connectedAs(actor: Actor, { listener, to, mode = '' }: { listener: Fd; to: string; mode?: string }): Promise<Fd> {
  const [program = '', ...args] = actor.probe('test/system/tcp-owner-process.ts', to, String(ownName(listener).port), mode);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: actor.directory });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  await once(child.stdout, 'data');
  return accepted(listener);
}

describe.each(everyRights)('of the far socket of %s', (rights) => {
  it.for(addresses)('the user is told at %s, dialled at %s', async ([address, to], context) => {
    const actor = actAs(rights, context);
    const near = await connectedAs(actor, { listener: listening(address), to });
    expect(farOwner(near)).toBe(actor.uid);
    expect(findInProc(farEndsOf(near))).toMatchObject({ uid: actor.uid });
  });

  it('the user is not told once it was closed, whoever the kernel then shows', async (context) => {
    const near = await connectedAs(actAs(rights, context), { listener: listening('127.0.0.1'), to: '127.0.0.1', mode: 'close' });
    await eventually(() => expect(farOwner(near)).toBeUndefined());
    expect(new StreamMemory(100).receive(near, 0, 100)).toBe('frames'.length);
  });

  it('the user is told where netlink is forbidden', (context) => {
    const actor = actAs(rights, context);
    const probe = actor.probe('test/system/tcp-owner-process.ts', 'own');
    const { stdout } = actor.run(['env', `NODE_OPTIONS=--import ${join(import.meta.dirname, 'without-netlink.mjs')}`, ...probe]);
    expect(stdout).toMatch(/^(\d+) \1\n$/);
  });
});

describe('the user at the other side of a TCP connection', () => {
  it.each(addresses)('is this one at %s, dialled at %s', async (address, to) => {
    const listener = listening(address);
    const far = closing(tcpSocket(to, 3000));
    connectTcp(far, to, ownName(listener).port);
    const near = await accepted(listener);
    expect(farOwner(near)).toBe(uid);
    expect(farOwner(far)).toBe(uid);
    expect(findInProc(farEndsOf(near))).toEqual(inspectTcpSocket(farEndsOf(near)));
  });

  it('cannot be told of a listener, of a connection that is not there, nor of one elsewhere', () => {
    const listener = listening('127.0.0.1');
    const name = ownName(listener);
    expect(farOwner(listener)).toBeUndefined();
    expect(tcpOwner({ local: name, remote: { host: '127.0.0.1', port: 9 } })).toBeUndefined();
    expect(tcpOwner({ local: { host: '192.0.2.1', port: 1 }, remote: { host: '192.0.2.2', port: 2 } })).toBeUndefined();
    expect(findInProc({ local: { host: '::1', port: 1 }, remote: { host: '::1', port: 2 } })).toBeUndefined();
  });
});

/** A request about a connection from 127.0.0.1 port 4660 to 127.0.0.2 port 22136, and a reply to it, octet by octet. */
const request =
  '48000000140001000000000000000000' +
  '02060000ffffffff' +
  '12345678' +
  `7f000001${'0'.repeat(24)}7f000002${'0'.repeat(24)}` +
  '00000000ffffffffffffffff';
const reply = Buffer.from(
  `58000000${'14000000'.padEnd(24, '0')}` +
    '02010000' +
    '12345678' +
    `7f000001${'0'.repeat(24)}7f000002${'0'.repeat(24)}` +
    '00000000' +
    '0102030405060708' +
    '000000000000000000000000' +
    'e8030000' + // uid 1000
    '39300000', // inode 12345
  'hex',
);
const ends: TcpEnds = { local: { host: '127.0.0.1', port: 0x1234 }, remote: { host: '127.0.0.2', port: 0x5678 } };

describe('what the kernel tells of a TCP socket', () => {
  it('is asked for in 72 octets', () => {
    expect(Buffer.from(encodeTcpDiagRequest(ends)).toString('hex')).toBe(request);
  });

  it('is its user and its inode', () => {
    expect(decodeTcpDiagReply(reply, ends)).toEqual({ uid: 1000, inode: 12_345 });
  });

  it('is nothing where it is of another socket, an error, or too short', () => {
    expect(decodeTcpDiagReply(reply, { local: ends.remote, remote: ends.local })).toBeUndefined();
    const error = Buffer.from(reply);
    error.writeUInt16LE(2, 4);
    expect(decodeTcpDiagReply(error, ends)).toBeUndefined();
    for (let length = 0; length < reply.length; length++) expect(decodeTcpDiagReply(reply.subarray(0, length), ends)).toBeUndefined();
  });
});
