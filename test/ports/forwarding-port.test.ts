import { expect, test } from 'vitest';
import { ForwardingPort } from '../../src/ports/forwarding-port.ts';
import { LastingPort } from '../../src/ports/lasting-port.ts';
import { MemoryPort } from '../../src/ports/pure/memory.ts';
import { newPortCounters, type Port } from '../../src/ports/pure/port.ts';

/** Returns a port with that MTU. */
function portWith(mtu: number | undefined): Port {
  const [port] = MemoryPort.pair({ breath: (work) => work(), defer: (work) => work() });
  return Object.assign(port, { mtu });
}

class Around extends ForwardingPort {}

class Lasting extends LastingPort {
  readonly module = 'memory';
  readonly description = 'for a test';
  readonly counters = newPortCounters();

  /** Makes a port the current one, or goes on without one. */
  take(port: Port | undefined): this {
    if (port) this.join(port);
    else this.current = undefined;
    return this;
  }

  enable(): void {
    // It has no other side here.
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  protected lost(): void {
    // It has no other side here.
  }
}

test('a port that stands for another has the MTU of that', () => {
  expect([1450, undefined].map((mtu) => new Around(portWith(mtu)).mtu)).toEqual([1450, undefined]);
});

test('a port made of ports that come and go has the MTU of the current one', () => {
  const port = new Lasting();
  expect([undefined, portWith(1450), portWith(1400), undefined].map((one) => port.take(one).mtu)).toEqual([
    undefined,
    1450,
    1400,
    undefined,
  ]);
});
