import type { PortNumber, Switch, SwitchOptions } from '../switch/switch.ts';
import type { Vid } from '../wire/dot1q.ts';
import type { BreathLoop, Touchable } from './breath.ts';

/** Receives a frame for a station, borrowed, and the port by which it entered the switch. */
export type StationReceive = (frame: Uint8Array, ingress: PortNumber) => void;

/** Sees the ARP frames and the first IPv4 frames of each station; see SwitchOptions. */
export type Observe = NonNullable<SwitchOptions['observe']>;

/** Sends a frame of a station, in this breath or in one of its own, when the switch has finished with the current frame. */
export type Speak = (frame: Uint8Array) => void;

/** A station inside a switch, such as its DHCP server. */
export interface StationOptions {
  readonly receive: StationReceive;
  /** The VLANs that it belongs to; its frames carry their tags, except those of VLAN 0. Default: VLAN 0 alone. */
  readonly vlans?: readonly Vid[];
  /** Default: it sees only its own frames. */
  readonly observe?: Observe | undefined;
}

/** Stations are numbered beyond all ports that a switch can have. */
const firstStation: PortNumber = 2 ** 20;

/** Returns whether a number belongs to a station inside a switch, not to a port. */
export function isStation(number: PortNumber): boolean {
  return number >= firstStation;
}

/** The stations inside a switch. */
export class Stations {
  readonly #switch: Switch;
  readonly #breaths: BreathLoop;
  readonly #stations: Station[] = [];
  readonly #observers: Observe[] = [];

  constructor(owner: Switch, breaths: BreathLoop) {
    this.#switch = owner;
    this.#breaths = breaths;
  }

  /** Adds a station, and returns its way to send. */
  add({ receive, vlans, observe }: StationOptions): Speak {
    const station = new Station(firstStation + this.#stations.length, receive, this.#switch);
    this.#stations.push(station);
    if (observe) this.#observers.push(observe);
    this.#switch.addPort(station.number, { edge: true, ...(vlans && membershipOf(vlans)) });
    return (frame) =>
      this.#breaths.run(() => {
        station.said.push(frame);
        this.#breaths.touch(station);
      });
  }

  /** Discards all that stations have sent and the switch has not received yet. */
  silence(): void {
    for (const station of this.#stations) station.said = [];
  }

  /** Hands a frame to the station with that number. */
  readonly receive = (number: PortNumber, frame: Uint8Array, ingress: PortNumber): void => {
    this.#stations[number - firstStation]?.receive(frame, ingress);
  };

  /** Shows a frame to the stations that watch the traffic. */
  readonly observe: Observe = (ingress, vid, frame) => {
    for (const see of this.#observers) see(ingress, vid, frame);
  };
}

function membershipOf(vlans: readonly Vid[]): Parameters<Switch['setVlans']>[1] {
  const untagged = vlans.find((one) => one === 0);
  return { untagged: untagged ?? 'none', tagged: vlans.filter((one) => one !== 0) };
}

class Station implements Touchable {
  touched = false;
  said: Uint8Array[] = [];
  readonly number: PortNumber;
  readonly receive: StationReceive;
  readonly #switch: Switch;

  constructor(number: PortNumber, receive: StationReceive, owner: Switch) {
    this.number = number;
    this.receive = receive;
    this.#switch = owner;
  }

  flush(): void {
    const said = this.said;
    this.said = [];
    for (const frame of said) this.#switch.receive(this.number, frame);
  }
}
