// A client of a VDE switch whose datagram socket has an abstract name, in the form of User-mode Linux or of Bochs; run as a probe by
// vde-abstract.test.ts: `DIRECTORY uml|bochs [NAME]`, where NAME is another socket's abstract name in hexadecimal, to be claimed. Prints
// `refused`, or the switch's socket, then the first received frame, in hexadecimal. Sends one frame of its own, by sendto.
import koffi from 'koffi';
import { Buffer } from 'node:buffer';
import { closeSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { vdeReplySize } from '../../src/ports/vde/vde-control.ts';

const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)') as (domain: number, type: number, protocol: number) => number;
const bind = library.func('int bind(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number;
const connect = library.func('int connect(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number;
const sendto = library.func('int64_t sendto(int, void *, size_t, int, void *, uint32_t)') as (
  ...call: [fd: number, octets: Uint8Array, length: number, flags: number, address: Uint8Array, size: number]
) => number;

const [directory = '', form = '', claimed] = process.argv.slice(2);

/** `struct sockaddr_un` with this path, all of it. */
function address(path: Uint8Array): Buffer {
  const octets = Buffer.alloc(110);
  octets.writeUInt16LE(1);
  octets.set(path, 2);
  return octets;
}

function ownName(): Buffer {
  const name = Buffer.alloc(108);
  if (form === 'bochs') name.write(String(process.pid % 100_000).padStart(5, '0'), 1);
  else {
    // A C structure: a zero, then, aligned, the process and the microseconds.
    name.writeInt32LE(process.pid, 4);
    name.writeInt32LE(Number(process.hrtime.bigint() % 1_000_000n), 8);
  }
  return name;
}

const control = socket(1, 1, 0);
const data = socket(1, 2, 0);
const own = address(claimed === undefined ? ownName() : Buffer.from(claimed, 'hex'));
if (claimed === undefined && bind(data, own, own.length) !== 0) throw new Error('cannot bind');
if (connect(control, address(Buffer.from(join(directory, 'ctl'))), 110) !== 0) throw new Error('cannot connect');
const header = Buffer.alloc(12);
header.writeUInt32LE(0xfeedface, 0);
header.writeUInt32LE(3, 4);
writeSync(control, Buffer.concat([header, own]));
const reply = Buffer.alloc(vdeReplySize);
if (readSync(control, reply) !== vdeReplySize) console.log('refused');
else {
  console.log(reply.toString('utf8', 2).replace(/\0.*/s, ''));
  const frame = Buffer.alloc(60, 0xff);
  if (sendto(data, frame, frame.length, 0, reply, reply.length) !== frame.length) throw new Error(`sendto: errno ${koffi.errno()}`);
  const received = Buffer.alloc(2000);
  console.log(received.toString('hex', 0, readSync(data, received)));
}
closeSync(data);
closeSync(control);
