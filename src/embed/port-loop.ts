import { realClock } from '../clock.ts';
import { FrameLoop } from '../companions/frame-loop.ts';
import { EtherloomError } from '../errors.ts';
import { quietLog, type Log } from '../log.ts';
import { open } from '../ports/open.ts';
import type { Acceptor, Breath, Listener, Port, PortNumber } from '../ports/pure/port.ts';

/** The options of a loop of ports. */
export interface PortLoopOptions {
  /** The log of the loop. Default: none. */
  readonly log?: Log;
}

/** The event loop of ports that are not at a switch. */
export interface PortLoop {
  /** Runs `work`, in which frames may be sent; they leave together at its end. */
  readonly breath: Breath;
  /**
   * Opens the port at an address: `vde://DIRECTORY`, `tcp://HOST:PORT`, `qemu-stream://PATH`, `qemu://LOCAL,REMOTE`, `tap://NAME`. It delivers
   * once a receiver is attached. Throws EtherloomError: `bad-address`, or what its driver throws.
   */
  dial(address: string): Promise<Port>;
  /**
   * Listens at an address: `tcp-listen://HOST:PORT`, `qemu-stream-listen://PATH`, `ws://HOST:PORT/PATH?token=TOKEN`. Calls `accept` with the port
   * of each client, and its number. Throws EtherloomError: `bad-address`, or what its driver throws.
   */
  listen(address: string, accept: (port: Port, number: PortNumber) => void): Promise<Listener>;
  /** Sends a frame by a port: at once, or with the rest of the current breath. Until then the frame must not change. */
  send(port: Port, frame: Uint8Array): void;
}

/** Ports without a switch, as `openPortLoop` of the door returns them. */
export class FramePortLoop implements PortLoop {
  readonly #loop: FrameLoop;

  constructor({ log = quietLog }: PortLoopOptions) {
    this.#loop = new FrameLoop({ clock: realClock, log });
  }

  get breath(): Breath {
    return this.#loop.breath;
  }

  async dial(address: string): Promise<Port> {
    const opened = await open(address, this.#loop.environment, refusing);
    if ('port' in opened) return opened.port;
    await opened.listener[Symbol.asyncDispose]();
    throw new EtherloomError('bad-address', `cannot dial ${address}: it is the address of a listener; use listen()`);
  }

  async listen(address: string, accept: (port: Port, number: PortNumber) => void): Promise<Listener> {
    let next: PortNumber = 1;
    const acceptor: Acceptor = {
      choose: () => next,
      accept: (port, number) => {
        next = number + 1;
        accept(port, number);
      },
    };
    const opened = await open(address, this.#loop.environment, acceptor);
    if ('listener' in opened) return opened.listener;
    await opened.port[Symbol.asyncDispose]();
    throw new EtherloomError('bad-address', `cannot listen at ${address}: it is the address of a port; use dial()`);
  }

  send(port: Port, frame: Uint8Array): void {
    this.#loop.breath(() => this.#loop.transmit(port, frame));
  }
}

/** Refuses every client: a dialled port does not listen. */
const refusing: Acceptor = {
  choose: () => ({ reason: 'none-open', ports: 0 }),
  accept: () => undefined,
};
