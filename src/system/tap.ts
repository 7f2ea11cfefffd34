/**
 * TAP interfaces. A frame that the kernel sends through the interface can be read from its descriptor, one per read. A frame written to the
 * descriptor is received by the kernel.
 *
 *   struct ifreq (40 octets)  0 name (16, NUL-terminated)  16 flags (2, host order)     [netdevice(7), Linux tuntap.txt]
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { EtherloomError, SystemError, errnoOf } from '../errors.ts';
import { addressOf, lastErrno, libc } from './libc.ts';
import type { Fd } from './unix-socket.ts';

const TUNSETIFF = 0x400454ca;
const TUNSETCARRIER = 0x400454e2;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFNAMSIZ = 16;
const POLLOUT = 4;
const ifreqSize = 40;

/** An open interface. */
export interface Tap {
  /** The interface's name in the kernel. */
  readonly name: string;
  /** The non-blocking descriptor; each read or write is one frame. */
  readonly fd: Fd;
}

/**
 * Opens the interface with a name. A missing one is created, exists while the descriptor is open, and is initially down; the kernel
 * replaces `%d` in its name. Throws EtherloomError('bad-address') for an invalid name, or a SystemError (EPERM, EBUSY) with a remedy.
 */
export function openTap(name: string): Tap {
  const length = Buffer.byteLength(name);
  if (length === 0 || length >= IFNAMSIZ) {
    throw new EtherloomError(
      'bad-address',
      `the name of a tap interface must have 1 to ${IFNAMSIZ - 1} octets, and "${name}" has ${length}`,
    );
  }
  const fd = openDevice(name);
  const request = Buffer.alloc(ifreqSize);
  request.write(name);
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI, IFNAMSIZ);
  if (libc.ioctlOn(fd, TUNSETIFF, request) < 0) {
    const errno = lastErrno();
    closeSync(fd);
    throw refused(name, errno);
  }
  return { name: request.toString('utf8', 0, request.indexOf(0)), fd };
}

/** Returns true if there is an interface with that name. */
export function hasInterface(name: string): boolean {
  // /proc/self/net shows this process's own network namespace; /sys may show another one.
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n');
  return lines.some((line) => line.trimStart().startsWith(`${name}:`));
}

/** Returns whether the interface is up. */
export function isUp(fd: Fd): boolean {
  const descriptor = Buffer.alloc(8);
  descriptor.writeInt32LE(fd);
  descriptor.writeInt16LE(POLLOUT, 4);
  // The kernel accepts frames only while the interface is up.
  return libc.poll(descriptor, 1, 0) === 1 && (descriptor.readInt16LE(6) & POLLOUT) !== 0;
}

/**
 * Sets the carrier of the interface on or off; without it, the host shows `NO-CARRIER`. Returns undefined on success, otherwise the errno's
 * name: `EINVAL` before Linux 5.0, `EBADFD` if the interface is gone.
 */
export function setCarrier(fd: Fd, on: boolean): string | undefined {
  const value = Buffer.alloc(4);
  value.writeInt32LE(on ? 1 : 0);
  return libc.ioctlOn(fd, TUNSETCARRIER, value) < 0 ? lastErrno() : undefined;
}

/**
 * Writes a frame. Returns undefined if the kernel took it, otherwise the errno's name: `EAGAIN`, `EIO` while the interface is down,
 * `EBADFD` if it is gone.
 */
export function writeTapFrame(fd: Fd, frame: Uint8Array): string | undefined {
  const written = libc.write(fd, frame, frame.length);
  if (written >= 0) return undefined;
  const errno = lastErrno();
  return errno === 'EINTR' ? 'EAGAIN' : errno;
}

/** Memory for the frames that one port reads in one breath. */
export class FrameMemory {
  readonly #frameSize: number;
  readonly #stride: number;
  readonly #memory: Uint8Array;
  readonly #address: number;
  readonly #lengths = new Uint32Array(batchSize);

  /** `frameSize` is the length of the longest frame that fits, in octets. */
  constructor(frameSize: number) {
    this.#frameSize = frameSize;
    // One octet more than the longest frame, so that a longer frame can be detected.
    this.#stride = Math.ceil((frameSize + 1) / 8) * 8;
    this.#memory = new Uint8Array(batchSize * this.#stride);
    this.#address = addressOf(this.#memory);
  }

  /**
   * Reads up to `batchSize` frames that wait on `fd`.
   * @returns their number, 0 if none waits, or the errno's name (`EBADFD`: the interface is gone) of a waiting error.
   */
  receive(fd: Fd): number | string {
    for (let i = 0; i < batchSize; i++) {
      const length = libc.read(fd, this.#address + i * this.#stride, this.#frameSize + 1);
      if (length < 0) return i > 0 ? i : whyNone(lastErrno());
      this.#lengths[i] = length;
    }
    return batchSize;
  }

  /**
   * Returns frame `i` of the last batch as a view, which the next batch overwrites. Returns undefined if it was longer than `frameSize`.
   */
  frame(i: number): Uint8Array | undefined {
    const length = this.#lengths[i] ?? 0;
    return length > this.#frameSize ? undefined : this.#memory.subarray(i * this.#stride, i * this.#stride + length);
  }
}

/** The most frames that are read before other ports have their turn. */
const batchSize = 64;

function openDevice(name: string): Fd {
  try {
    return openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    throw refused(name, errnoOf(error) ?? String(error));
  }
}

/** The remedy for each errno. */
const remedies: Readonly<Record<string, string>> = {
  EACCES: 'this user may not open /dev/net/tun: run it as root, or give the user access to the device',
  EBUSY: 'another program has it open: end that program, or choose another name',
  EINVAL: 'there is an interface with that name that is not a tap, or no interface can have that name: choose another name',
  ENODEV: 'the kernel has no tun module: run `modprobe tun` as root',
  ENOENT: 'there is no /dev/net/tun: run `modprobe tun` as root, or give the container the device',
  EPERM: 'it needs CAP_NET_ADMIN: run it as root, or have root make one for you with `ip tuntap add dev NAME mode tap user YOU`',
};

function refused(name: string, errno: string): SystemError {
  return new SystemError(errno, `cannot open the tap interface ${name}`, remedies[errno]);
}

function whyNone(errno: string): number | string {
  return errno === 'EAGAIN' || errno === 'EINTR' ? 0 : errno;
}
