import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import { open } from '../ports/open.ts';
import type { Random } from '../random.ts';
import { VdeListener } from '../ports/vde-listener.ts';
import type { VdeDirectoryOptions } from '../ports/vde-directory.ts';
import { DataPlane, type DataPlaneOptions } from './data-plane.ts';
import { inScope, type Scope } from './scope.ts';

/** A switch, its directory and its first ports. */
export interface SwitchServiceOptions extends VdeDirectoryOptions, Omit<DataPlaneOptions, 'clock' | 'log' | 'poison' | 'seed'> {
  /** Addresses of ports to open at once, as `open` reads them. */
  readonly ports?: readonly string[];
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
  readonly #scope: Scope;

  private constructor(plane: DataPlane, directory: string, scope: Scope) {
    this.plane = plane;
    this.directory = directory;
    this.#scope = scope;
  }

  /** Throws EtherloomError: what `VdeListener.open` and the drivers of the ports throw. */
  static open(options: SwitchServiceOptions, { clock, random, log }: ServiceEnvironment): Promise<SwitchService> {
    return inScope(async (scope) => {
      const plane = scope.use(
        new DataPlane({ ...options, clock, log, seed: random.uint32(), poison: process.env['ETHERLOOM_POISON'] === '1' }),
      );
      const listener = scope.use(VdeListener.open({ ...options, acceptor: plane }, plane.environment));
      for (const address of options.ports ?? []) {
        const opened = await open(address, plane.environment, plane);
        if ('listener' in opened) scope.use(opened.listener);
        else plane.add(scope.use(opened.port));
      }
      return new SwitchService(plane, listener.address, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}
