import type { Clock } from '../clock.ts';
import type { Endpoint } from '../management/port-table.ts';
import { AttachedPort, type AttachedPortEnvironment } from '../impairment/attached-port.ts';
import type { Peer } from '../ports/pure/peer.ts';
import type { Port, PortNumber } from '../ports/pure/port.ts';
import type { Seat } from '../plane/plane.ts';

/** The place of an endpoint, its peer, and its number among all endpoints. */
export interface EndpointPlace {
  readonly number: PortNumber;
  readonly peer: Peer;
  readonly id: number;
}

/** A port at the switch. */
export class PlaneEndpoint extends AttachedPort implements Endpoint, Seat {
  touched = false;
  /** The time of the last change of `up`, in milliseconds of the clock. */
  since: number;
  readonly number: PortNumber;
  readonly peer: Peer;
  readonly id: number;
  readonly close: () => void;
  /** The guard of its port, which ends with the endpoint; undefined if the port has none for its sake. */
  guard: Disposable | undefined;
  readonly #clock: Clock;
  #up = false;

  constructor(
    driver: Port,
    { number, peer, id }: EndpointPlace,
    environment: AttachedPortEnvironment,
    close: (endpoint: PlaneEndpoint) => void,
  ) {
    super(driver, environment);
    this.#clock = environment.clock;
    this.since = this.#clock.monotonic();
    this.number = number;
    this.peer = peer;
    this.id = id;
    this.close = () => close(this);
  }

  /** True if the port has its carrier. */
  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    if (up !== this.#up) this.since = this.#clock.monotonic();
    this.#up = up;
  }

  get module(): string {
    return this.port.module;
  }

  get description(): string {
    return this.port.description;
  }

  flush(): void {
    this.port.flush();
  }
}
