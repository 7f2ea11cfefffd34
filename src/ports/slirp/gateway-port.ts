import { isForUser, reasonOf } from '../../errors.ts';
import { formatIpv4, formatIpv4Network, type Ipv4Address } from '../../wire/ipv4.ts';
import { macFromNumber, type MacAddress } from '../../wire/mac.ts';
import type { PortEnvironment } from '../environment.ts';
import { onceAMinute } from '../once-a-minute.ts';
import { LastingPort } from '../lasting-port.ts';
import type { Port } from '../pure/port.ts';
import { Redial } from '../pure/redial.ts';
import { newFilteredCounters } from './filtered-port.ts';
import { checkForwards } from './forwards.ts';
import { GatewayFilter, type GatewayRules } from './gateway-filter.ts';
import { slirpAddress, type PortForward } from './slirp-address.ts';
import { checkSlirp, findSlirpProgram } from './slirp-program.ts';
import { startSlirp, type Slirp, type SlirpOptions } from './slirp.ts';

/** The options of a gateway. */
export interface GatewayOptions extends Omit<GatewayRules, 'published'> {
  readonly forwards: readonly PortForward[];
  /** The MTU of the network, in octets. Default: 1,500. */
  readonly mtu?: number | undefined;
}

/** The longest wait before a restart, and how long it must have run for the next wait to be the shortest, in milliseconds. */
const longestWait = 10_000;

/** Returns the MAC address that libslirp has for one of its own addresses: 52:55 and the address. */
export function gatewayMac(address: Ipv4Address): MacAddress {
  return macFromNumber(0x5255_0000_0000 + address);
}

/** A switch's way to the Internet: libslirp as a program of its own, which is restarted whenever it ends. The port is down meanwhile. */
export class GatewayPort extends LastingPort {
  readonly module = 'gateway';
  readonly description: string;
  readonly counters = newFilteredCounters();
  readonly #options: SlirpOptions;
  readonly #environment: PortEnvironment;
  readonly #redial: Redial;
  readonly #warn: ReturnType<typeof onceAMinute>;
  readonly #tell: ReturnType<typeof onceAMinute>;
  #slirp: Slirp | undefined;
  #ended = false;

  private constructor(options: GatewayOptions, environment: PortEnvironment) {
    super();
    const { network, router, dns, forwards, hostLoopback, mtu } = options;
    const published = forwards.map(({ protocol, guest, guestPort }) => ({ protocol, address: guest, port: guestPort }));
    this.description = `router ${formatIpv4(router)}, DNS ${formatIpv4(dns)}, network ${formatIpv4Network(network)}`;
    this.#options = {
      config: { router, prefixLength: network.prefixLength, dns, hostLoopback, forwards, mtu },
      filter: new GatewayFilter({ ...options, published }),
      counters: this.counters,
    };
    this.#environment = environment;
    this.#redial = new Redial(environment.clock, () => void this.#again(), { longest: longestWait });
    this.#warn = onceAMinute(environment.clock, environment.log.warn);
    this.#tell = onceAMinute(environment.clock, environment.log);
  }

  /**
   * Opens a gateway once libslirp answers. Throws EtherloomError: `missing-peer` if it is not installed, `busy` if a port to forward is
   * taken, and what `startSlirp` throws.
   */
  static async open(options: GatewayOptions, environment: PortEnvironment): Promise<GatewayPort> {
    const port = new GatewayPort(options, environment);
    const program = findSlirpProgram();
    await checkForwards(options.forwards);
    await checkSlirp(program, slirpAddress(port.#options.config));
    port.#serve(await startSlirp(port.#options, environment));
    return port;
  }

  enable(up: boolean): void {
    this.up = up;
    this.current?.enable(up);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#redial[Symbol.dispose]();
    this.current = undefined;
    const slirp = this.#slirp;
    this.#slirp = undefined;
    await slirp?.[Symbol.asyncDispose]();
  }

  /** Handles a carrier; libslirp may have ended before the port was attached. */
  protected override carried(port: Port, up: boolean): void {
    if (up) super.carried(port, up);
    else this.lose(port, 'it had ended before');
  }

  protected override lost(): void {
    const slirp = this.#slirp;
    this.#slirp = undefined;
    if (slirp === undefined) return;
    if (this.#environment.clock.monotonic() - slirp.since > longestWait) this.#redial.held();
    void slirp.ended().then((reason) => this.#wait(`libslirp ended: ${reason}`));
  }

  #serve(slirp: Slirp): void {
    this.#slirp = slirp;
    this.join(slirp.port);
  }

  #wait(reason: string): void {
    if (this.#ended) return;
    this.#warn(`the gateway is down: ${reason}; starting it again`);
    this.#redial.failed();
  }

  async #again(): Promise<void> {
    let slirp: Slirp;
    try {
      slirp = await startSlirp(this.#options, this.#environment);
    } catch (error) {
      if (!isForUser(error)) throw error;
      this.#wait(reasonOf(error));
      return;
    }
    if (this.#ended) {
      await slirp[Symbol.asyncDispose]();
      return;
    }
    this.#tell('the gateway is up again');
    this.#serve(slirp);
  }
}
