import { closeSync } from 'node:fs';
import type { Ready, Watch } from '../system/readiness.ts';
import { errnoText, SystemError } from '../errors.ts';
import { FrameMemory, hasInterface, isUp, openTap, setCarrier, writeTapFrame, type Tap } from '../system/tap.ts';
import type { BacklogLimits } from './pure/backlog.ts';
import type { PortEnvironment } from './environment.ts';
import { Intake } from './pure/intake.ts';
import { newPortCounters, type Port, type PortCounters, type Receiver } from './pure/port.ts';
import { ReturningPort } from './returning-port.ts';
import { SendQueue, type SendRefusal } from './pure/send-queue.ts';

/** The options of a port on a TAP interface. */
export interface TapPortOptions {
  readonly backlog?: BacklogLimits;
  /** The counters of its frames. Default: counters of its own. */
  readonly counters?: PortCounters;
}

/**
 * A port on a TAP interface of this machine: its host is a station of the switch. It is down while the interface is, and ends when that is
 * deleted.
 */
export class TapPort implements Port {
  readonly module = 'tuntap';
  readonly description: string;
  readonly counters: PortCounters;
  readonly #tap: Tap;
  readonly #environment: PortEnvironment;
  readonly #intake: Intake;
  readonly #queue: SendQueue;
  readonly #memory: FrameMemory;
  #watch: Watch | undefined;
  #up: boolean;
  #open = true;

  /** The port owns the interface's descriptor from here. */
  constructor(tap: Tap, environment: PortEnvironment, { backlog, counters = newPortCounters() }: TapPortOptions = {}) {
    this.counters = counters;
    this.description = tap.name;
    this.#tap = tap;
    this.#environment = environment;
    this.#intake = new Intake(counters);
    this.#queue = new SendQueue({
      sink: { send: (frames, from, to) => this.#write(frames, from, to) },
      counters,
      budget: environment.budget,
      limits: backlog,
      blocked: () => this.#watch?.want(this.#interest),
    });
    this.#memory = new FrameMemory(environment.loop.ring.frameSize);
    this.#up = isUp(tap.fd);
  }

  /** Opens the interface of that name, or makes it. Throws EtherloomError: what `openTap` throws. */
  static open(name: string, environment: PortEnvironment, options?: TapPortOptions): TapPort {
    return new TapPort(openTap(name), environment, options);
  }

  attach(receiver: Receiver): void {
    this.#intake.receiver = receiver;
    if (this.#open) this.#watch ??= this.#environment.loop.readiness.watch(this.#tap.fd, this.#interest, this.#ready);
    receiver.carrier(this.#up);
  }

  transmit(frame: Uint8Array): void {
    if (this.#up) this.#queue.add(frame);
    else this.counters.drops['no-carrier']++;
  }

  flush(): void {
    this.#queue.flush();
  }

  /** Takes the carrier from the interface, as its host sees it, or returns it. */
  enable(up: boolean): void {
    if (!this.#open) return;
    if (!up) this.#queue.drop('port-down');
    const errno = setCarrier(this.#tap.fd, up);
    if (errno !== undefined && errno !== 'EBADFD')
      this.#environment.log.warn(`cannot set the carrier of ${this.description}: ${errnoText(errno)}; use Linux 5.0 or later`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#up = false;
      this.#watch?.[Symbol.dispose]();
      this.#queue[Symbol.dispose]();
      closeSync(this.#tap.fd);
    }
    return Promise.resolve();
  }

  /** Room for frames matters only while some wait; and the kernel has room only in an interface that is up. */
  get #interest(): { readable: boolean; writable: boolean } {
    return { readable: true, writable: !this.#up || this.#queue.blocked };
  }

  readonly #ready = (ready: Ready): void => {
    if (ready.readable || ready.failed) this.#environment.breath(this.#receive);
    if (!this.#open || !ready.writable) return;
    this.#setUp(true);
    this.#queue.drain();
  };

  readonly #receive = (): void => {
    const count = this.#memory.receive(this.#tap.fd);
    if (typeof count === 'string') {
      this.#end(`the interface is gone: ${count}`);
      return;
    }
    for (let i = 0; i < count && this.#open; i++) this.#intake.take(this.#memory.frame(i));
  };

  #write(frames: readonly Uint8Array[], from: number, to: number): number | SendRefusal {
    for (let at = from; at < to; at++) {
      const frame = frames[at];
      const errno = frame && writeTapFrame(this.#tap.fd, frame);
      // The frames written before count; the next call meets the error again.
      if (errno !== undefined) return at > from ? at - from : this.#refuse(errno, to - from);
    }
    return to - from;
  }

  #refuse(errno: string, frames: number): number | SendRefusal {
    if (errno === 'EAGAIN') return 0;
    // If the interface is gone for good, the next read reports it.
    if (errno !== 'EIO') return { why: 'send-failed', frames: 1 };
    this.#setUp(false);
    return { why: 'no-carrier', frames };
  }

  #setUp(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#watch?.want(this.#interest);
    this.#intake.receiver?.carrier(up);
  }

  #end(reason: string): void {
    void this[Symbol.asyncDispose]();
    this.#intake.receiver?.closed(reason);
  }
}

/**
 * Returns a permanent port on the interface of that name: when the interface is removed and made again, the port takes it again. Throws
 * what `TapPort.open` throws.
 */
export async function openReturningTap(name: string, environment: PortEnvironment): Promise<Port> {
  let taken: string | undefined;
  const open = (counters: PortCounters): TapPort => {
    // It is created only the first time: later it is missing because it was removed.
    if (taken !== undefined && !hasInterface(taken)) throw new SystemError('ENODEV', `the interface ${taken} was removed`);
    const port = TapPort.open(taken ?? name, environment, { counters });
    taken = port.description;
    return port;
  };
  const options = { module: 'tuntap', description: name, name: `the tap interface ${name}`, open, mayWait: () => false };
  return ReturningPort.open(options, environment);
}
