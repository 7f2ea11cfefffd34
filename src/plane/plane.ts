import type { Breath, Port } from '../ports/pure/port.ts';
import { Switch, type PortNumber, type SwitchOptions } from '../switch/switch.ts';
import { BreathLoop, type BreathHooks, type Touchable } from './breath.ts';
import { FrameTaps } from './frame-taps.ts';
import { isStation, Stations } from './stations.ts';

/** A port's place at a plane. Its flush flushes the port. */
export interface Seat extends Touchable {
  readonly port: Port;
}

/** A plane's surroundings: the options of its switch, and the owner of the ports. */
export interface PlaneOptions extends Omit<SwitchOptions, 'breath' | 'transmit' | 'observe'>, BreathHooks {
  /** Sends a frame through the ports at a number: calls `Plane.give` for each seat there. */
  readonly deliver: (number: PortNumber, frame: Uint8Array) => void;
}

/** The path of all frames: from a port into the switch, and from there to ports and to stations inside. Every piece of work is one breath. */
export class Plane implements Disposable {
  readonly switch: Switch;
  readonly stations: Stations;
  /** Captures, mirrors and dumps: they see all frames at ports. */
  readonly taps = new FrameTaps();
  /** Runs work as one breath. */
  readonly breath: Breath;
  readonly #breaths: BreathLoop;
  readonly #deliver: PlaneOptions['deliver'];

  constructor({ deliver, begin, end, ...options }: PlaneOptions) {
    this.#deliver = deliver;
    this.#breaths = new BreathLoop({
      begin: () => {
        begin?.();
        this.switch.beginBreath();
      },
      ...(end && { end }),
    });
    this.breath = this.#breaths.run;
    this.switch = new Switch({
      ...options,
      breath: this.breath,
      transmit: this.#transmit,
      observe: (ingress, vid, frame) => this.stations.observe(ingress, vid, frame),
    });
    this.stations = new Stations(this.switch, this.#breaths);
  }

  /** Takes a frame that came in by a port. For use inside a breath. */
  receive(number: PortNumber, frame: Uint8Array): void {
    if (this.taps.active) this.taps.show('in', number, frame);
    this.switch.receive(number, frame);
  }

  /** Hands a frame to the port of a seat; it leaves at the end of the breath. */
  give(seat: Seat, frame: Uint8Array): void {
    seat.port.transmit(frame);
    this.#breaths.touch(seat);
  }

  /** Calls `done` at the end of this breath: see BreathLoop.release. */
  readonly release = (done: () => void): void => this.#breaths.release(done);

  /** Ends the switch. Frames that stations inside have sent, and that it has not received yet, are lost. */
  [Symbol.dispose](): void {
    this.stations.silence();
    this.switch[Symbol.dispose]();
  }

  readonly #transmit: SwitchOptions['transmit'] = (number, frame, ingress) => {
    if (isStation(number)) {
      this.stations.receive(number, frame, ingress);
      return;
    }
    if (this.taps.active) this.taps.show('out', number, frame);
    this.#deliver(number, frame);
  };
}
