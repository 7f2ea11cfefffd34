import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { Opened } from '../ports/drivers/driver.ts';
import { open } from '../ports/open.ts';
import type { NamedSocket } from '../ports/socket-file.ts';
import type { Random } from '../random.ts';
import { VdeListener } from '../ports/vde/vde-listener.ts';
import type { VdeDirectoryOptions } from '../ports/vde/vde-directory.ts';
import { isMember } from '../system/accounts.ts';
import { macFromNumber, type MacAddress } from '../wire/mac.ts';
import { DataPlane, type DataPlaneOptions } from './data-plane.ts';
import { inScope, type Scope } from './scope.ts';

/** The settings of a switch, its directory and its first ports. */
export interface SwitchServiceOptions extends VdeDirectoryOptions, Omit<DataPlaneOptions, 'clock' | 'random' | 'log' | 'poison' | 'seed'> {
  /** The addresses of ports that are opened at once, in the forms of `open`. */
  readonly ports?: readonly string[] | undefined;
  /** The impairment of those ports that are not listeners, in each direction. Default: none. */
  readonly impair?: Quality | undefined;
}

/** The environment of every service: time, randomness, and a log. */
export interface ServiceEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A switch that serves a VDE directory. `etherloom switch` and `vde_switch` run one, and every role of the star has one. */
export class SwitchService implements AsyncDisposable {
  readonly plane: DataPlane;
  /** The canonical path of the directory. */
  readonly directory: string;
  /** Permission bits of the sockets in it. */
  readonly mode: number;
  /** The socket at which clients ask for ports. */
  readonly control: NamedSocket;
  readonly #scope: Scope;

  private constructor(plane: DataPlane, control: VdeListener, scope: Scope) {
    this.plane = plane;
    this.directory = control.address;
    this.mode = control.mode;
    this.control = control;
    this.#scope = scope;
  }

  /** Opens the directory and the ports. Throws the EtherloomErrors of `VdeListener.open` and of the ports' drivers. */
  static open(options: SwitchServiceOptions, { clock, random, log }: ServiceEnvironment): Promise<SwitchService> {
    return inScope(async (scope) => {
      const plane = scope.use(
        new DataPlane({
          isMember,
          ...options,
          mac: options.mac ?? newSwitchMac(random),
          clock,
          random,
          log,
          seed: random.uint32(),
          poison: process.env['ETHERLOOM_POISON'] === '1',
        }),
      );
      const listener = scope.use(VdeListener.open({ ...options, acceptor: plane }, plane.environment));
      const service = new SwitchService(plane, listener, scope);
      for (const address of options.ports ?? []) await service.openPort(address, options.impair);
      return service;
    });
  }

  /** All sockets that clients find by their paths. */
  get sockets(): ReadonlySet<NamedSocket> {
    return this.plane.environment.named ?? new Set();
  }

  /** Opens another port until the service ends, and impairs it unless it is a listener. Throws the EtherloomErrors of the port's driver. */
  async openPort(address: string, impairment?: Quality): Promise<void> {
    const opened = await open(address, this.plane.environment, this.plane);
    if ('listener' in opened) this.#scope.use(opened.listener);
    else {
      const number = this.plane.add(this.#scope.use(opened.port));
      if (impairment) this.plane.ports.setCondition(number, { impairment });
    }
  }

  /**
   * Opens another port, or a listener for ports, until the caller ends it. Throws EtherloomError: the driver's errors, `busy` if no number
   * is free.
   */
  async connect(address: string): Promise<Opened> {
    const opened = await open(address, this.plane.environment, this.plane);
    if (!('port' in opened)) return opened;
    try {
      this.plane.add(opened.port);
      return opened;
    } catch (error) {
      // Without a number the port has no owner, and would reconnect for ever.
      await opened.port[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Returns a random address for a switch: `00:ff:…`, as VDE makes them. */
function newSwitchMac(random: Random): MacAddress {
  return macFromNumber(0x00ff_0000_0000 + random.uint32());
}
