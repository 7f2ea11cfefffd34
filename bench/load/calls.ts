/**
 * The system calls of a load process, batched. They are its own, apart from those of the switch under test, so that a change there does
 * not change what it is measured with.
 */
import koffi from 'koffi';

const library = koffi.load(null);

/** The calls, as C declares them. */
export const calls = {
  socket: library.func('int socket(int, int, int)') as (domain: number, type: number, protocol: number) => number,
  bind: library.func('int bind(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number,
  connect: library.func('int connect(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number,
  recvmmsg: library.func('int recvmmsg(int, void *, uint32_t, int, void *)') as (
    fd: number,
    vector: Uint8Array,
    count: number,
    flags: number,
    timeout: null,
  ) => number,
  sendmmsg: library.func('int sendmmsg(int, void *, uint32_t, int)') as (
    fd: number,
    vector: Uint8Array,
    count: number,
    flags: number,
  ) => number,
  setsockopt: library.func('int setsockopt(int, int, int, void *, uint32_t)') as (
    fd: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number,
  setns: library.func('int setns(int, int)') as (fd: number, kind: number) => number,
  if_nametoindex: library.func('uint if_nametoindex(str)') as (name: string) => number,
  poll: library.func('int poll(void *, ulong, int)') as (fds: Uint8Array, count: number, timeout: number) => number,
  clock_gettime: library.func('int clock_gettime(int, void *)') as (clock: number, time: Uint8Array) => number,
};

/** Returns the machine address of a view's first octet. The view must be longer than 64 octets: V8 may move smaller ones. */
export function addressOf(view: Uint8Array): number {
  return Number(koffi.address(view));
}

/** Returns the number of the last failed call's error. To be asked at once after the call. */
export function lastErrno(): number {
  return koffi.errno();
}

/** The error numbers that only say "not now". [errno(3)] */
export const notNow: ReadonlySet<number> = new Set([koffi.os.errno['EAGAIN'] ?? 11, koffi.os.errno['EINTR'] ?? 4]);
