import { realClock } from '../clock.ts';
import { FrameLoop } from '../companions/frame-loop.ts';
import { EtherloomError } from '../errors.ts';
import { quietLog } from '../log.ts';
import { open } from '../ports/open.ts';
import type { Acceptor, Breath, Listener, Port, PortNumber } from '../ports/port.ts';
import type { PortLoop, PortLoopOptions } from './ports.ts';

/** Ports without a switch: what `openPortLoop` of the door returns. */
export class FramePortLoop implements PortLoop {
  readonly #loop: FrameLoop;

  constructor({ log = quietLog }: PortLoopOptions) {
    this.#loop = new FrameLoop({ clock: realClock, log, flushed: () => undefined });
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

/** Nothing listens while a port is dialled. */
const refusing: Acceptor = {
  choose: () => ({ reason: 'none-open', ports: 0 }),
  accept: () => undefined,
};
