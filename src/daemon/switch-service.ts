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

/** A switch, its directory and its first ports. */
export interface SwitchServiceOptions extends VdeDirectoryOptions, Omit<DataPlaneOptions, 'clock' | 'random' | 'log' | 'poison' | 'seed'> {
  /** Addresses of ports to open at once, as `open` reads them. */
  readonly ports?: readonly string[];
  /** What befalls frames on those that are no listeners, each way. Default: nothing. */
  readonly impair?: Quality | undefined;
}

/** What every service is handed: time, chance, and somebody to tell. */
export interface ServiceEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A switch that serves a VDE directory: what `etherloom switch` and `vde_switch` run, and every role of the star begins with. */
export class SwitchService implements AsyncDisposable {
  readonly plane: DataPlane;
  /** The canonical path of the directory. */
  readonly directory: string;
  /** Permission bits of the sockets in it. */
  readonly mode: number;
  /** The socket where clients ask for ports. */
  readonly control: NamedSocket;
  readonly #scope: Scope;

  private constructor(plane: DataPlane, control: VdeListener, scope: Scope) {
    this.plane = plane;
    this.directory = control.address;
    this.mode = control.mode;
    this.control = control;
    this.#scope = scope;
  }

  /** Throws EtherloomError: what `VdeListener.open` and the drivers of the ports throw. */
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

  /** All sockets that clients find by their names. */
  get sockets(): ReadonlySet<NamedSocket> {
    return this.plane.environment.named ?? new Set();
  }

  /** Opens a port more, for as long as the service, and impairs it if it is no listener. Throws EtherloomError: what the port's driver throws. */
  async openPort(address: string, impairment?: Quality): Promise<void> {
    const opened = await open(address, this.plane.environment, this.plane);
    if ('listener' in opened) this.#scope.use(opened.listener);
    else {
      const number = this.plane.add(this.#scope.use(opened.port));
      if (impairment) this.plane.ports.setCondition(number, { impairment });
    }
  }

  /** Opens a port more, or a door for such, until the caller ends it. Throws EtherloomError: what its driver throws, `busy` when no number is free. */
  async connect(address: string): Promise<Opened> {
    const opened = await open(address, this.plane.environment, this.plane);
    if (!('port' in opened)) return opened;
    try {
      this.plane.add(opened.port);
      return opened;
    } catch (error) {
      // It would dial for ever, and nobody has it.
      await opened.port[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** An address for a switch, by lot: `00:ff:…`, as VDE makes them. */
function newSwitchMac(random: Random): MacAddress {
  return macFromNumber(0x00ff_0000_0000 + random.uint32());
}
