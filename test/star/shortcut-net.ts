import type { Clock } from '../../src/clock.ts';
import type { Random } from '../../src/random.ts';
import type { Switch, SwitchOptions } from '../../src/switch/switch.ts';

/** A kind of switch: the one of the package, or one with a fault. */
export type SwitchKind = new (options: SwitchOptions) => Switch;

/** Sees each frame that a switch sends. */
export type Watch = (node: NetNode, port: number, frame: Uint8Array, ingress: number) => void;

/** A switch of the net. Its frames go to the pipe or the station at their port. */
export class NetNode {
  readonly name: string;
  readonly bridge: Switch;
  readonly out = new Map<number, (frame: Uint8Array) => void>();

  constructor(name: string, kind: SwitchKind, clock: Clock, watch: Watch) {
    this.name = name;
    this.bridge = new kind({
      clock,
      transmit: (port, frame, ingress) => {
        watch(this, port, frame, ingress);
        this.out.get(port)?.(frame.slice());
      },
      breath: (work) => {
        this.bridge.beginBreath();
        work();
      },
    });
  }

  receive(port: number, frame: Uint8Array): void {
    this.bridge.beginBreath();
    this.bridge.receive(port, frame);
  }

  /** Removes a port, if it is there. */
  remove(port: number): void {
    if (!this.bridge.port(port)) return;
    this.out.delete(port);
    this.bridge.removePort(port);
  }
}

/** A way for frames in one direction, in order, with a latency that varies. */
export class Pipe {
  /** True if nothing passes, and neither side is told. */
  isCut = false;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #latency: number;
  #last = 0;

  constructor(clock: Clock, random: Random, latency: number) {
    this.#clock = clock;
    this.#random = random;
    this.#latency = latency;
  }

  /** Lets nothing arrive for so long, as while a lost segment is sent again. */
  stall(milliseconds: number): void {
    this.#last = Math.max(this.#last, this.#clock.monotonic() + milliseconds);
  }

  /** Lets something arrive, behind all that was sent before. */
  send(arrive: () => void): void {
    if (this.isCut) return;
    const jitter = this.#random.uint32() / 2 ** 32;
    const now = this.#clock.monotonic();
    this.#last = Math.max(this.#last, now + this.#latency * (0.5 + jitter));
    this.#clock.after(this.#last - now, () => {
      if (!this.isCut) arrive();
    });
  }
}
