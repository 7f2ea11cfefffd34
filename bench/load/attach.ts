import { closeSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeVdeReply, encodeVdeRequest, vdeReplySize } from '../../src/ports/vde/vde-control.ts';
import { cardSocket, farEnd } from './ip-socket.ts';
import { PollSet } from './poll-set.ts';
import type { Place } from './spec.ts';
import { bindUnix, connectUnix, unixSocket } from './unix-socket.ts';

/** A station's way in: its data socket, and the connection that holds its port. */
export interface Attachment extends Disposable {
  readonly fd: number;
  /** The octets in front of each frame that is sent. Default: none. */
  readonly header?: Uint8Array;
  /** How many octets are in front of each frame that is received. Default: 0. */
  readonly received?: number;
  /** The address to which frames are sent. Default: the peer of the connected socket. */
  readonly to?: Uint8Array;
}

let counter = 0;

/** Attaches a station. Waits for the switch of a VDE client. */
export function attach(place: Place): Attachment {
  if ('card' in place) return cardSocket(place.card);
  if ('tunnel' in place) return farEnd(place);
  const data = unixSocket('datagram');
  if ('directory' in place) return plugIn(place.directory, place.description ?? 'load', data);
  bindUnix(data, place.own);
  connectUnix(data, place.peer);
  return { fd: data, [Symbol.dispose]: () => closeSync(data) };
}

function plugIn(directory: string, description: string, data: number): Attachment {
  const control = unixSocket('stream');
  const close = (): void => {
    closeSync(data);
    closeSync(control);
  };
  try {
    connectUnix(control, join(directory, 'ctl'));
    askForPort(directory, description, data, control);
  } catch (error) {
    close();
    throw error;
  }
  return { fd: data, [Symbol.dispose]: close };
}

/** Asks a switch for a port, and connects the data socket to it. Throws when there is none. */
function askForPort(directory: string, description: string, data: number, control: number): void {
  const own = join(directory, `.load-${process.pid}-${counter++}`);
  bindUnix(data, own);
  try {
    writeSync(control, encodeVdeRequest({ wish: 'any', path: own, description }));
    const reply = Buffer.alloc(vdeReplySize);
    const set = new PollSet([control]);
    set.want(0, { readable: true, writable: false });
    for (let length = 0; length < vdeReplySize;) {
      if (set.wait(5000) < 1) throw new Error(`the switch at ${directory} does not answer`);
      const count = readSync(control, reply, length, vdeReplySize - length, null);
      if (count === 0) throw new Error(`the switch at ${directory} refused a station`);
      length += count;
    }
    const path = decodeVdeReply(reply);
    if (path === undefined) throw new Error(`the switch at ${directory} gave no VDE reply`);
    connectUnix(data, path);
  } finally {
    rmSync(own, { force: true });
  }
}
