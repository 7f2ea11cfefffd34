/**
 * The functions of the C library that Node lacks, with types. Only this room uses them. Each returns the same as in C; the other files of
 * this room turn a -1 into a SystemError or a value.
 */
import koffi from 'koffi';
import { SystemError } from '../errors.ts';

type Pointer = Uint8Array | number;

const library = koffi.load(null);

function declare(prototype: string): unknown {
  return library.func(prototype);
}

/** The fields of user and group entries whose offsets are the same in all C libraries. [getpwnam(3), getgrnam(3)] */
koffi.struct('passwd', { pw_name: 'const char *', pw_passwd: 'const char *', pw_uid: 'uint32_t', pw_gid: 'uint32_t' });
koffi.struct('group', { gr_name: 'const char *', gr_passwd: 'const char *', gr_gid: 'uint32_t' });

/** A user, as the C library returns it. */
export interface Passwd {
  readonly pw_name: string;
  readonly pw_uid: number;
  readonly pw_gid: number;
}

/** A group, as the C library returns it. */
export interface Group {
  readonly gr_name: string;
  readonly gr_gid: number;
}

/** Declares a function that returns a structure or null. */
function declareEntry(name: string, argument: string, type: string): unknown {
  const call = library.func(`${type} *${name}(${argument})`) as (key: unknown) => unknown;
  return (key: unknown): unknown => {
    const entry = call(key);
    return entry === null ? undefined : koffi.decode(entry, type);
  };
}

/** The functions, as declared in C. */
export const libc = {
  socket: declare('int socket(int, int, int)') as (domain: number, type: number, protocol: number) => number,
  bind: declare('int bind(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number,
  connect: declare('int connect(int, void *, uint32_t)') as (fd: number, address: Uint8Array, length: number) => number,
  listen: declare('int listen(int, int)') as (fd: number, backlog: number) => number,
  accept4: declare('int accept4(int, void *, void *, int)') as (fd: number, address: null, length: null, flags: number) => number,
  getsockname: declare('int getsockname(int, void *, void *)') as (fd: number, address: Uint8Array, length: Uint8Array) => number,
  getpeername: declare('int getpeername(int, void *, void *)') as (fd: number, address: Uint8Array, length: Uint8Array) => number,
  recv: declare('int64_t recv(int, void *, size_t, int)') as (fd: number, memory: Pointer, length: number, flags: number) => number,
  send: declare('int64_t send(int, void *, size_t, int)') as (fd: number, memory: Pointer, length: number, flags: number) => number,
  getsockopt: declare('int getsockopt(int, int, int, void *, void *)') as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint8Array,
  ) => number,
  setsockopt: declare('int setsockopt(int, int, int, void *, uint32_t)') as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: number,
  ) => number,
  recvmmsg: declare('int recvmmsg(int, void *, uint32_t, int, void *)') as (
    fd: number,
    vector: Pointer,
    count: number,
    flags: number,
    timeout: null,
  ) => number,
  sendmmsg: declare('int sendmmsg(int, void *, uint32_t, int)') as (fd: number, vector: Pointer, count: number, flags: number) => number,
  epoll_create1: declare('int epoll_create1(int)') as (flags: number) => number,
  epoll_ctl: declare('int epoll_ctl(int, int, int, void *)') as (epoll: number, operation: number, fd: number, event: Uint8Array) => number,
  epoll_wait: declare('int epoll_wait(int, void *, int, int)') as (
    epoll: number,
    events: Pointer,
    count: number,
    timeout: number,
  ) => number,
  pipe2: declare('int pipe2(void *, int)') as (descriptors: Uint8Array, flags: number) => number,
  fcntl: declare('int fcntl(int, int, int)') as (fd: number, command: number, argument: number) => number,
  /** `fcntl` with a structure, which the kernel reads and writes. */
  fcntlOn: declare('int fcntl(int, int, void *)') as (fd: number, command: number, structure: Uint8Array) => number,
  setpgid: declare('int setpgid(int, int)') as (pid: number, group: number) => number,
  _exit: declare('void _exit(int)') as (status: number) => void,
  getpgid: declare('int getpgid(int)') as (pid: number) => number,
  /** `argv` ends with a null. Returns only on failure. */
  execvp: declare('int execvp(const char *, const char **)') as (program: string, argv: readonly (string | null)[]) => number,
  /** With a null action, the signal gets its default action again. */
  signal: declare('void *signal(int, void *)') as (signal: number, action: null) => unknown,
  eventfd: declare('int eventfd(uint32_t, int)') as (value: number, flags: number) => number,
  prctl: declare('int prctl(int, void *)') as (option: number, value: Uint8Array) => number,
  dup2: declare('int dup2(int, int)') as (from: number, to: number) => number,
  sched_yield: declare('int sched_yield()') as () => number,
  strerror: declare('const char *strerror(int)') as (errno: number) => string,
  /** `ioctl` with a structure, which the kernel reads and writes. */
  ioctlOn: declare('int ioctl(int, ulong, void *)') as (fd: number, request: number, structure: Uint8Array) => number,
  read: declare('int64_t read(int, void *, size_t)') as (fd: number, memory: Pointer, length: number) => number,
  write: declare('int64_t write(int, void *, size_t)') as (fd: number, octets: Pointer, length: number) => number,
  poll: declare('int poll(void *, ulong, int)') as (descriptors: Uint8Array, count: number, timeout: number) => number,
  fchownat: declare('int fchownat(int, const char *, uint32_t, uint32_t, int)') as (
    fd: number,
    path: string,
    uid: number,
    gid: number,
    flags: number,
  ) => number,
  getpwnam: declareEntry('getpwnam', 'const char *', 'passwd') as (name: string) => Passwd | undefined,
  getpwuid: declareEntry('getpwuid', 'uint32_t', 'passwd') as (uid: number) => Passwd | undefined,
  getgrnam: declareEntry('getgrnam', 'const char *', 'group') as (name: string) => Group | undefined,
  getgrgid: declareEntry('getgrgid', 'uint32_t', 'group') as (gid: number) => Group | undefined,
  getgrouplist: declare('int getgrouplist(const char *, uint32_t, void *, void *)') as (
    name: string,
    gid: number,
    groups: Uint8Array,
    count: Uint8Array,
  ) => number,
  /** These two affect only the calling thread, and return the previous value. */
  setfsuid: declare('int setfsuid(uint32_t)') as (uid: number) => number,
  setfsgid: declare('int setfsgid(uint32_t)') as (gid: number) => number,
  /** A system call by its number, for calls that the C library would apply to all threads. */
  syscall: declare('int64_t syscall(int64_t, int64_t, void *)') as (number: number, first: number, second: Uint8Array) => number,
  /** Returns the number of an interface; 0 on failure. */
  if_nametoindex: declare('uint32_t if_nametoindex(const char *)') as (name: string) => number,
  flock: declare('int flock(int, int)') as (fd: number, operation: number) => number,
};

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
// EAGAIN and EWOULDBLOCK are the same number on Linux; callers compare with this name.
errnoNames.set(koffi.os.errno['EAGAIN'] ?? 11, 'EAGAIN');

/** Returns the symbolic name (`ENOENT`) of the errno of the last failed call. Must be called right after that call. */
export function lastErrno(): string {
  return errnoName(koffi.errno());
}

/** Returns the symbolic name of an errno. */
export function errnoName(number: number): string {
  return errnoNames.get(number) ?? `errno ${number}`;
}

let errnoTexts: ReadonlyMap<string, string> | undefined;

/** Returns the symbolic name of the errno that the C library describes with this text; undefined for any other text. */
export function errnoOfText(text: string): string | undefined {
  errnoTexts ??= new Map(Array.from(errnoNames, ([number, name]) => [libc.strerror(number), name]));
  return errnoTexts.get(text);
}

/** Returns `result`, or throws a SystemError if it is -1. `what` names the purpose and object of the call. */
export function checked(result: number, what: string): number {
  if (result !== -1) return result;
  throw new SystemError(lastErrno(), what);
}

/** Returns the memory address of a view's first octet. The view must be longer than 64 octets, since V8 may move smaller ones. */
export function addressOf(view: Uint8Array): number {
  return Number(koffi.address(view));
}
