import { fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectUnixSocket } from '../../src/system/sock-diag.ts';
import { decodeUnixDiagReply, encodeUnixDiagRequest } from '../../src/system/unix-diag.ts';
import { bindFile, connectPath, datagramSocket, type Fd } from '../../src/system/unix-socket.ts';
import { newDirectory } from '../ports/rig.ts';
import { closing } from './sockets.ts';

/** The request for socket 12345, and a reply to it, octet by octet. */
const request = '28000000140001000000000000000000' + '01000000ffffffff39300000460000' + '00ffffffffffffffff';
const reply = Buffer.from(
  '44000000140000000000000000000000' + // header
    '01020700' +
    '39300000' +
    '0100000000000000' + // datagram socket 12345
    '0c000100' +
    'd2040000' +
    '0100f000' + // file: inode 1234 on device 15:1
    '08000200' +
    '3a300000' + // peer 12346
    '08000700' +
    'e8030000' + // uid 1000
    '05000600' +
    '00000000', // shutdown, one octet and padding
  'hex',
);

describe('what the kernel tells of a unix socket', () => {
  it('is asked for in 40 octets', () => {
    expect(Buffer.from(encodeUnixDiagRequest(12_345)).toString('hex')).toBe(request);
  });

  it('is read from its attributes, in whatever order', () => {
    const expected = { file: { inode: 1234, device: (15 << 20) | 1 }, peer: 12_346, uid: 1000 };
    expect(decodeUnixDiagReply(reply, 12_345)).toEqual(expected);
    const turned = Buffer.concat([reply.subarray(0, 32), reply.subarray(44, 60), reply.subarray(32, 44)]);
    turned.writeUInt32LE(turned.length, 0);
    expect(decodeUnixDiagReply(turned, 12_345)).toEqual(expected);
  });

  it('is nothing where it is of another socket, an error, or too short', () => {
    expect(decodeUnixDiagReply(reply, 12_346)).toBeUndefined();
    const error = Buffer.from(reply);
    error.writeUInt16LE(2, 4);
    expect(decodeUnixDiagReply(error, 12_345)).toBeUndefined();
    for (let length = 0; length < 32; length++) expect(decodeUnixDiagReply(reply.subarray(0, length), 12_345)).toBeUndefined();
  });

  it('does not loop on an attribute without a length, nor read past the end', () => {
    const broken = Buffer.from(reply);
    broken.writeUInt16LE(0, 32);
    expect(decodeUnixDiagReply(broken, 12_345)).toEqual({});
    broken.writeUInt16LE(60_000, 32);
    expect(() => decodeUnixDiagReply(broken, 12_345)).not.toThrow();
  });
});

describe('the kernel, asked about a unix socket', () => {
  const inodeOf = (fd: Fd): number => fstatSync(fd).ino;

  it('tells its file, its peer and its user', () => {
    const directory = newDirectory();
    const [near, far] = [closing(datagramSocket()), closing(datagramSocket())];
    const path = join(directory, 'far');
    bindFile(far, { path, mode: 0o600 });
    connectPath(near, path);
    expect(inspectUnixSocket(inodeOf(near))).toEqual({ peer: inodeOf(far), uid: process.geteuid?.() });
    expect(inspectUnixSocket(inodeOf(far))).toMatchObject({ file: { inode: statSync(path).ino }, uid: process.geteuid?.() });
  });

  it('tells nothing of what is not there', () => {
    expect(inspectUnixSocket(0xfffffff0)).toBeUndefined();
  });
});
