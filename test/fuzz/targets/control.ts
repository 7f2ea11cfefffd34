import { readdirSync, readFileSync } from 'node:fs';
import {
  decodeVdeReply,
  decodeVdeRequest,
  encodeVdeRequest,
  mayBecomeVdeRequest,
  minVdeRequest,
} from '../../../src/ports/vde/vde-control.ts';
import { must, octetsOf, type Target } from '../target.ts';

const recorded = new URL('../../../fixtures/vde/', import.meta.url);

/** The messages of clients and switches on the control socket. */
export const controlTarget: Target = {
  name: 'control',
  seeds: () => [
    ...readdirSync(recorded)
      .filter((name) => name.endsWith('.hex'))
      .map((name) => new Uint8Array(Buffer.from(readFileSync(new URL(name, recorded), 'utf8').replace(/\s/g, ''), 'hex'))),
    encodeVdeRequest({ wish: 7, path: '/tmp/sock', description: 'x'.repeat(127) }),
    encodeVdeRequest({ wish: 'any', path: '', description: '' }),
    oldRequest(),
  ],
  words: () => [Uint8Array.of(0xce, 0xfa, 0xed, 0xfe), Uint8Array.of(3, 0, 0, 0), octetsOf('\n.\n1000 Success\n'), octetsOf('\x1b[2J')],
  open: () => ({ take }),
};

function take(input: Uint8Array): void {
  const request = decodeVdeRequest(input);
  decodeVdeReply(input);
  if (!request) return;
  must(/^[\x20-\x7e]*$/.test(request.description), () => `a console can show ${JSON.stringify(request.description)}`);
  must(!request.path.includes('\0') && Buffer.byteLength(request.path) <= 3 * 108, () => `${JSON.stringify(request.path)} is a path`);
  const { wish } = request;
  must(typeof wish === 'string' || (wish > 0 && wish < 2 ** 23), () => `${wish} is the number of a port`);
  for (const end of [0, 3, 4, 9, minVdeRequest - 1])
    must(mayBecomeVdeRequest(input.subarray(0, end)), () => `its first ${end} octets may become a request`);
  must(!mayBecomeVdeRequest(input), () => 'a request that is whole is not waited for');
  // Encoding gives the decoded request again, except for text without room.
  if (Buffer.byteLength(request.path) > 107) return;
  const again = decodeVdeRequest(encodeVdeRequest(request));
  must(
    again?.wish === wish && again.path === request.path && again.description === request.description.slice(0, 127),
    () => `${JSON.stringify(again)} is ${JSON.stringify(request)}`,
  );
}

/** As clients before 2005 ask. */
function oldRequest(): Uint8Array {
  const octets = Buffer.alloc(140);
  octets.writeUInt32LE(0xfeedface, 0);
  octets.writeInt32LE(0, 4);
  octets.writeUInt16LE(1, 14);
  octets.write('/tmp/old', 16);
  octets.write('an old client', 124);
  return octets;
}
