/**
 * Raw sockets by the npm package `raw-socket`, for `?socket=raw-socket`. It is never needed: `raw-ip.ts` opens the same sockets by
 * descriptors, which carry several times as much.
 */
import { createRequire } from 'node:module';
import { EtherloomError, SystemError } from '../../errors.ts';
import { decodeSocketAddress, familyOf, keyOf, type AddressKey, type IpFamily } from '../../system/ip-address.ts';
import { discoverModes, droppedIn, memoryNumbers, optionNumbers, type Fragmentation } from '../../system/ip-socket.ts';
import { errnoOfText } from '../../system/libc.ts';
import type { FixedOctets, Packet } from '../../system/packets.ts';
import type { PortEnvironment } from '../environment.ts';
import { ipv4HeaderLength, type PacketHandler, type PacketReceiver, type PacketSender, type PacketSenders } from './packet-socket.ts';

/** The parts of the package that are used here. */
export interface RawSocketPackage {
  createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): RawSocket;
  readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
}

/** A socket of the package. Its errors are an Error with the C library's text, and without a code. */
export interface RawSocket {
  on(event: 'message', listener: (packet: Buffer, source: string) => void): void;
  on(event: 'error' | 'close', listener: () => void): void;
  pauseRecv(): void;
  resumeRecv(): void;
  resumeSend(): void;
  setOption(level: number, option: number, value: number): void;
  getOption(level: number, option: number, value: Buffer, length: number): number;
  close(): void;
  /** The native socket. Its `send` calls sendto(2) at once; that of the package keeps packets in a queue without a bound. */
  readonly wrap: {
    on(event: 'sendReady', listener: () => void): void;
    send(packet: Buffer, offset: number, length: number, address: string, done: () => void): void;
  };
}

/** The properties of a socket. */
export interface PackageSocketOptions {
  readonly family: IpFamily;
  readonly protocol: number;
  readonly fragmentation: Fragmentation;
  /** The routers that a packet may cross, and one. */
  readonly hops: number;
  /** The receive buffer that is requested, in octets. */
  readonly receiveBuffer: number;
}

/** The longest packet of IP. The package cuts longer ones than its buffer; there are none. */
const longestPacket = 65_535;

/** The most sources whose keys are kept. */
const mostKept = 256;

/** Returns the package as a module at `from` finds it. Throws EtherloomError('missing-peer') with what to install. */
export function loadRawSocket(from: string = import.meta.url): RawSocketPackage {
  try {
    return createRequire(from)('raw-socket') as RawSocketPackage;
  } catch (error) {
    throw new EtherloomError(
      'missing-peer',
      `socket=raw-socket needs the npm package raw-socket, which is ${flawOf(error)}; ${remedyFor(process.versions.node)}`,
      { cause: error },
    );
  }
}

/** Returns how to get the package, for a version of Node. */
export function remedyFor(node: string): string {
  // Its own version of nan does not compile there.
  const first = parseInt(node) < 24 ? '' : 'put "overrides": {"raw-socket": {"nan": "^2.30.0"}} into your own package.json, then ';
  return `${first}run \`npm install raw-socket\` with a C++ compiler, make and Python installed, or leave out socket=raw-socket`;
}

function flawOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_DLOPEN_FAILED') return `not built for this version of Node (${process.versions.node})`;
  return error instanceof Error && error.message.includes('raw.node') ? 'not built' : 'not installed';
}

/** A packet socket by the package: one packet with one system call. */
export class PackageSocket implements PacketSender, PacketSenders, PacketReceiver {
  readonly family: IpFamily;
  readonly most = 1;
  readonly #socket: RawSocket;
  readonly #environment: PortEnvironment;
  readonly #awaiting = new Set<() => void>();
  readonly #addresses = new WeakMap<FixedOctets, string>();
  readonly #keys = new Map<string, AddressKey>();
  readonly #scratch = Buffer.alloc(longestPacket);
  #payload: Uint8Array = new Uint8Array(0);
  #handler: PacketHandler | undefined;
  #open = true;

  /** Throws a SystemError (EPERM), or EtherloomError('missing-peer'). */
  constructor(options: PackageSocketOptions, environment: PortEnvironment, { createSocket, AddressFamily } = loadRawSocket()) {
    const { family, protocol } = options;
    this.family = family;
    this.#environment = environment;
    const addressFamily = family === 4 ? AddressFamily.IPv4 : AddressFamily.IPv6;
    this.#socket = orSystemError(`cannot make a raw socket for protocol ${protocol} of IPv${family} by the package raw-socket`, () =>
      createSocket({ protocol, addressFamily, bufferSize: longestPacket }),
    );
    this.#socket.pauseRecv();
    // An error concerns an earlier packet, and means nothing; after one for which the package ends the socket, it reports that too.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#open = false));
    this.#socket.on('message', this.#receive);
    this.#socket.wrap.on('sendReady', this.#tellRoom);
    try {
      setOptions(this.#socket, options);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  get lost(): number {
    if (!this.#open) return 0;
    const { level, memory } = optionNumbers.socket;
    const value = memoryNumbers();
    this.#socket.getOption(level, memory, value, value.length);
    return droppedIn(value);
  }

  senderOf(): this {
    return this;
  }

  send(packets: readonly Packet[], from: number): number | string {
    let next = from;
    for (; next < packets.length; next++) {
      const packet = packets[next];
      const errno = packet && this.#sendOne(packet);
      if (errno === undefined) continue;
      // The packets that were taken are reported first, and the refused one is offered again.
      if (next > from) break;
      return errno === 'EAGAIN' || errno === 'ENOBUFS' ? 0 : errno;
    }
    return next - from;
  }

  await(room: () => void, wanted: boolean): void {
    if (wanted) this.#awaiting.add(room);
    else this.#awaiting.delete(room);
    // It reports room once, and then waits for this.
    if (this.#open && this.#awaiting.size > 0) this.#socket.resumeSend();
  }

  listen(handler: PacketHandler): void {
    this.#handler = handler;
    if (this.#open) this.#socket.resumeRecv();
  }

  rest(from: number): Uint8Array {
    return this.#payload.subarray(from);
  }

  /** Closes it. Without that the process does not end. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  /** Returns the errno's name if the packet is refused. */
  #sendOne({ header, frame, to }: Packet): string | undefined {
    const address = to && this.#addressOf(to);
    // The package would send a packet for an address of IPv6 by a socket of IPv4, to 127.0.0.1.
    if (address === undefined || familyOf(address) !== this.family) return 'EAFNOSUPPORT';
    // And it would open a closed socket again.
    if (!this.#open) return 'EBADF';
    const start = header?.length ?? 0;
    if (start + frame.length > longestPacket) return 'EMSGSIZE';
    if (header) this.#scratch.set(header.octets);
    this.#scratch.set(frame, start);
    try {
      this.#socket.wrap.send(this.#scratch, 0, start + frame.length, address, nothing);
      return undefined;
    } catch (error) {
      return errnoIn(error);
    }
  }

  #addressOf(to: FixedOctets): string {
    const known = this.#addresses.get(to);
    if (known !== undefined) return known;
    const { host } = decodeSocketAddress(to.octets);
    this.#addresses.set(to, host);
    return host;
  }

  /** Takes a packet, in memory that the next one overwrites. The breath ends before. */
  readonly #receive = (packet: Buffer, source: string): void => {
    if (!this.#open) return;
    const header = this.family === 4 ? ipv4HeaderLength(packet[0] ?? 0) : 0;
    if (header > packet.length) return;
    this.#payload = new Uint8Array(packet.buffer, packet.byteOffset + header, packet.length - header);
    this.#environment.breath(() => this.#handler?.(this.#payload, this.#keyOf(source), 0));
    // While packets arrive without a pause, it does not report that there is room.
    if (this.#awaiting.size > 0) this.#tellRoom();
  };

  #keyOf(source: string): AddressKey {
    const known = this.#keys.get(source);
    if (known !== undefined) return known;
    if (this.#keys.size >= mostKept) this.#keys.clear();
    const key = keyOf(source);
    this.#keys.set(source, key);
    return key;
  }

  readonly #tellRoom = (): void => {
    for (const room of [...this.#awaiting]) room();
    // The package pauses with each report.
    if (this.#open && this.#awaiting.size > 0) this.#socket.resumeSend();
  };
}

const nothing = (): void => undefined;

function setOptions(socket: RawSocket, { family, fragmentation, hops, receiveBuffer }: PackageSocketOptions): void {
  const { socket: own, [family]: ip } = optionNumbers;
  orSystemError('cannot set the options of a raw socket', () => {
    socket.setOption(ip.level, ip.discoverMtu, discoverModes[fragmentation]);
    socket.setOption(ip.level, ip.hops, hops);
    try {
      socket.setOption(own.level, own.anyReceiveBuffer, receiveBuffer);
    } catch {
      // Only root may have any.
      socket.setOption(own.level, own.receiveBuffer, receiveBuffer);
    }
  });
}

function orSystemError<Result>(what: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new SystemError(errnoIn(error), what);
  }
}

function errnoIn(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return errnoOfText(text) ?? text;
}
