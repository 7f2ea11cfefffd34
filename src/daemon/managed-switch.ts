import { resolve } from 'node:path';
import type { ConsoleSocketOptions } from '../console-server/console-listener.ts';
import { SocketKeeper } from '../ports/socket-keeper.ts';
import { Management, type OpenFace } from './management.ts';
import { openPidfile } from './pidfile.ts';
import { inScope, type Scope } from './scope.ts';
import type { ServeContext } from './serve.ts';
import { SwitchService, type ServiceEnvironment, type SwitchServiceOptions } from './switch-service.ts';

/** The management of a switch: its console, its first commands, and the file with its process id. */
export interface SwitchManagement extends Pick<SwitchServiceOptions, 'managementMode' | 'managementGid'> {
  /** The file for this process's id. Default: none. */
  readonly pidfile?: string | undefined;
  /** The socket of its console. Default: none. */
  readonly console?: ConsoleSocketOptions | undefined;
  /** Further faces, as the API. Default: none. */
  readonly faces?: readonly OpenFace[] | undefined;
  /** True if standard input is a console too, and the switch ends with it. Default: false. */
  readonly terminal?: boolean;
  /** The initial size of the station table that the console shows. Default: 128. */
  readonly hashSize?: number | undefined;
  /** The files of commands that run at the start. Default: none. */
  readonly scripts?: readonly string[];
}

/** The settings of a switch and of its management. */
export interface ManagedSwitchOptions extends SwitchServiceOptions, SwitchManagement {}

/**
 * A switch that serves a VDE directory, with its console. `vde_switch` and `etherloom switch` run one, and each role of the star has one.
 */
export class ManagedSwitch implements AsyncDisposable {
  readonly service: SwitchService;
  readonly management: Management;
  readonly #scope: Scope;

  private constructor(service: SwitchService, management: Management, scope: Scope) {
    this.service = service;
    this.management = management;
    this.#scope = scope;
  }

  /**
   * Opens the switch. `openTaps` opens ports that must exist before the first command. Throws the EtherloomErrors of `SwitchService.open`
   * and `openPidfile`.
   */
  static open(
    { pidfile, console: socket, faces, terminal = false, hashSize, scripts = [], ...options }: ManagedSwitchOptions,
    environment: ServiceEnvironment,
    { signal, end }: Pick<ServeContext, 'signal' | 'end'>,
    openTaps: (service: SwitchService) => Promise<void> = () => Promise.resolve(),
  ): Promise<ManagedSwitch> {
    return inScope(async (scope) => {
      const service = scope.use(await SwitchService.open(options, environment));
      if (pidfile !== undefined) scope.use(openPidfile(pidfile));
      const management = scope.use(await Management.open(service, { socket, faces, hashSize, shutdown: end }, environment));
      const { sockets, control } = service;
      const desertion = pidfile === undefined ? undefined : { pidfile: resolve(pidfile), control, end };
      scope.use(new SocketKeeper({ sockets, desertion }, environment));
      await openTaps(service);
      for (const script of scripts) management.runScript(script);
      if (terminal) {
        management.openTerminal(() => {
          if (!signal.aborted) environment.log('EOF on stdin, cleaning up and exiting');
          end();
        });
      }
      return new ManagedSwitch(service, management, scope);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]();
  }
}
