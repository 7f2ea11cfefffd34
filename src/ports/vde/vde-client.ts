import { closeSync, readSync, realpathSync, rmSync, statSync, writeSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, EtherloomError, SystemError } from '../../errors.ts';
import { userName } from '../../system/accounts.ts';
import { isUnixPath } from '../../system/socket-path.ts';
import { bindFile, connectPath, datagramSocket, changeOwn, streamSocket, type Fd } from '../../system/unix-socket.ts';
import { DatagramPort } from '../datagram-port.ts';
import type { PortEnvironment } from '../environment.ts';
import { PacedForwardingPort } from '../forwarding-port.ts';
import type { PortCounters, PortWish } from '../pure/port.ts';
import { decodeVdeReply, encodeVdeRequest, vdeReplySize } from './vde-control.ts';
import { reachablePath } from './vde-reach.ts';

/** The switch to ask, and the request. */
export interface VdeClientOptions {
  /** The switch's directory. */
  readonly directory: string;
  /** Default: any port. */
  readonly wish?: PortWish;
  /** Shown on the switch's console. Default: `etherloom pid=N`. */
  readonly description?: string;
  /** Permissions of the client's own socket. Default: 0700, and more if needed to admit a switch that another user runs. */
  readonly mode?: number | undefined;
  /** The group of the client's own socket. Default: unchanged. */
  readonly gid?: number | undefined;
  /** A socket in the directory that is asked instead of `ctl`, if it exists. */
  readonly portGroup?: string | undefined;
  /** How long the switch may take to answer, in milliseconds. Default: 5,000. */
  readonly timeout?: number;
  /** The counters of its frames. Default: counters of its own. */
  readonly counters?: PortCounters;
}

/** The directories for a client's own socket when the switch's directory cannot be written to. */
const fallbackDirectories = ['/var/run/vde', '/var/tmp/vde', '/tmp/vde'];

/** How long to wait before a switch whose queue is full is asked again, in milliseconds. */
const retryInterval = 20;

let counter = 0;

/** A port on another VDE switch, ours or the original. It ends when that switch does. */
export class VdeClient extends PacedForwardingPort<DatagramPort> {
  readonly #control: Fd;
  readonly #watch: Disposable;
  #open = true;

  private constructor(control: Fd, port: DatagramPort, environment: PortEnvironment) {
    super(port);
    this.#control = control;
    // The switch sends nothing after its reply, so anything readable now is its end.
    this.#watch = environment.loop.readiness.watch(control, { readable: true, writable: false }, () =>
      this.endAfterReading('the switch is gone'),
    );
  }

  /**
   * Asks the switch for a port. Throws EtherloomError: `refused` if the switch refuses, `timed-out` if it does not answer, `system` (a
   * SystemError) if there is no switch; `AbortError` when `signal` aborts.
   */
  static async open(
    options: VdeClientOptions,
    environment: PortEnvironment,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<VdeClient> {
    const { directory, description = `etherloom pid=${process.pid}`, timeout = 5000 } = options;
    signal?.throwIfAborted();
    const control = streamSocket();
    const data = datagramSocket();
    let own: string | undefined;
    try {
      const { path: asked, wish } = await connectControl(control, options, environment, signal);
      // The switch has another working directory than this process: a relative name would have another meaning there.
      own = bindOwn(data, realpathSync(directory));
      letIn(own, asked, options);
      writeSync(control, encodeVdeRequest({ wish, path: own, description }));
      const told = decodeVdeReply(await readReply(control, environment, timeout, signal));
      if (told === undefined) throw new EtherloomError('refused', refusal(directory, wish));
      const path = reachablePath(told, directory);
      connectPath(data, path);
      // As the original's clients do, so that no other user can send into the port; it works if the switch gave us the file.
      changeOwn(path, options.mode ?? 0o700);
      const port = new DatagramPort({ fd: data, module: 'vde', description: directory, counters: options.counters }, environment);
      return new VdeClient(control, port, environment);
    } catch (error) {
      closeSync(control);
      closeSync(data);
      throw error;
    } finally {
      if (own !== undefined) rmSync(own, { force: true });
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#hangUp();
    await super[Symbol.asyncDispose]();
  }

  /** Leaves the switch, and ends when the frames sent before are received. */
  endAfterReading(reason: string): void {
    this.#hangUp();
    this.inner.endAfterReading(reason);
  }

  #hangUp(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch[Symbol.dispose]();
    closeSync(this.#control);
  }
}

/** Connects to the switch, or to a port group of it. Returns the path, and the wish for there. */
async function connectControl(
  fd: Fd,
  { directory, wish = 'any', portGroup, timeout = 5000 }: VdeClientOptions,
  { clock }: PortEnvironment,
  signal: AbortSignal | undefined,
): Promise<{ readonly path: string; readonly wish: PortWish }> {
  const group = portGroup === undefined ? undefined : join(directory, portGroup);
  if (group !== undefined && connects(fd, group)) return { path: group, wish: 'any' };
  const path = join(directory, 'ctl');
  for (const end = clock.monotonic() + timeout; ;) {
    try {
      connectPath(fd, path);
      return { path, wish };
    } catch (error) {
      // The switch's queue of connections is full at the moment.
      const isFull = error instanceof SystemError && error.errno === 'EAGAIN';
      if (!isFull || clock.monotonic() > end) throw unreachable(error, path);
    }
    await new Promise<void>((resolve) => clock.after(retryInterval, resolve));
    signal?.throwIfAborted();
  }
}

/** Returns the same error, with details about the switch's socket and a remedy. */
function unreachable(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  const remedies: Readonly<Record<string, () => string>> = {
    EACCES: () => `${closedPlace(path)}; run as that user, or start the switch with -m 666`,
    EAGAIN: () => 'more clients wait than the switch takes; try again',
    ECONNREFUSED: () => 'the switch that made it has ended; start it again',
    ENOENT: () => 'start a switch there, or give the directory of one',
    ENOTDIR: () => 'give the directory of a switch',
  };
  return errno === undefined ? error : new SystemError(errno, `cannot connect to ${path}`, remedies[errno]?.());
}

/** Describes the mode and owner of a switch's socket that this user may not connect to, or of the directory that hides it. */
function closedPlace(path: string): string {
  for (const [name, place] of Object.entries({ socket: path, directory: dirname(path) })) {
    const status = statusOf(place);
    if (status)
      return `the mode of that ${name} is 0${(status.mode & 0o777).toString(8)} and its owner ${userName(status.uid) ?? status.uid}`;
  }
  return 'another user keeps it in a closed directory';
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function connects(fd: Fd, path: string): boolean {
  try {
    connectPath(fd, path);
    return true;
  } catch {
    return false;
  }
}

/** Gives the client's own socket its mode and group: a switch that neither root nor this user runs must be able to send to it. */
function letIn(own: string, control: string, { mode = 0o700, gid }: VdeClientOptions): void {
  const owner = statSync(control);
  const foreign = gid === undefined && (mode & 0o077) === 0 && owner.uid !== 0 && owner.uid !== process.geteuid?.();
  if (!foreign) {
    changeOwn(own, mode, gid);
    return;
  }
  try {
    changeOwn(own, mode | 0o070, owner.gid);
  } catch {
    changeOwn(own, mode | 0o077);
  }
}

/** Binds the client's own socket in the directory, or in another one if that fails, and returns its absolute name. */
function bindOwn(fd: Fd, directory: string): string {
  for (const prefix of [`${directory}/.`, ...fallbackDirectories.map((path) => `${path}.`)]) {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const path = `${prefix}${String(process.pid).padStart(5, '0')}-${String(counter++).padStart(5, '0')}`;
      if (!isUnixPath(path)) break;
      try {
        bindFile(fd, { path, mode: 0o700 });
        return path;
      } catch (error) {
        if (!(error instanceof SystemError && error.errno === 'EADDRINUSE')) break;
      }
    }
  }
  throw new EtherloomError(
    'not-permitted',
    `cannot make the client's socket in ${directory}, /var/run, /var/tmp or /tmp; let this user write to one of them`,
  );
}

function refusal(directory: string, wish: PortWish): string {
  if (wish === 'any')
    return `the switch at ${directory} gave no port: all are in use (start it with a higher -n), or this user may not have one`;
  const port = wish === 'management' ? 'the management port' : `port ${wish}`;
  return `the switch at ${directory} refused ${port}: another user has it, or the switch has no port of that number (see -n)`;
}

function readReply(fd: Fd, { loop, clock }: PortEnvironment, timeout: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const octets = Buffer.alloc(vdeReplySize);
    let length = 0;
    const timer = clock.after(timeout, () =>
      settle(() => reject(new EtherloomError('timed-out', `the switch did not answer in ${timeout / 1000} s; look whether it hangs`))),
    );
    const aborted = (): void => settle(() => reject(new DOMException('aborted', 'AbortError')));
    const watch = loop.readiness.watch(fd, { readable: true, writable: false }, () => {
      const count = readSome(fd, octets, length);
      if (count === undefined) return;
      length += count;
      if (count === 0 || length === vdeReplySize) settle(() => resolve(octets.subarray(0, length)));
    });
    signal?.addEventListener('abort', aborted, { once: true });
    function settle(then: () => void): void {
      watch[Symbol.dispose]();
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', aborted);
      // Promises do not continue after a readiness callback; they do after a deferred one.
      clock.defer(then);
    }
  });
}

/** Returns the number of octets read; 0 at the end of the stream or on an error, undefined if none waits. */
function readSome(fd: Fd, octets: Uint8Array, at: number): number | undefined {
  try {
    return readSync(fd, octets, at, octets.length - at, null);
  } catch (error) {
    return errnoOf(error) === 'EAGAIN' ? undefined : 0;
  }
}
