import { resolve } from 'node:path';
import type { ConsoleSocketOptions } from '../console-server/console-listener.ts';
import { SocketKeeper } from '../ports/socket-keeper.ts';
import { Management } from './management.ts';
import { openPidfile } from './pidfile.ts';
import { inScope, type Scope } from './scope.ts';
import type { ServeContext } from './serve.ts';
import { SwitchService, type ServiceEnvironment, type SwitchServiceOptions } from './switch-service.ts';

/** How a switch is managed: its console, the commands it begins with, the file with its process id. */
export interface SwitchManagement extends Pick<SwitchServiceOptions, 'managementMode' | 'managementGid'> {
  /** Where this process's id is written. Default: nowhere. */
  readonly pidfile?: string | undefined;
  /** Where its console is reached. Default: nowhere. */
  readonly console?: ConsoleSocketOptions | undefined;
  /** Whether standard input is a console, too, and the switch ends with it. Default: false. */
  readonly terminal?: boolean;
  /** The size of the table of stations that the console shows at first. Default: 128. */
  readonly hashSize?: number | undefined;
  /** Files of commands to begin with. Default: none. */
  readonly scripts?: readonly string[];
}

/** A switch, and how it is managed. */
export interface ManagedSwitchOptions extends SwitchServiceOptions, SwitchManagement {}

/** A switch that serves a VDE directory, with its console: what `vde_switch` and `etherloom switch` are, and the switch of each role of the star. */
export class ManagedSwitch implements AsyncDisposable {
  readonly service: SwitchService;
  readonly management: Management;
  readonly #scope: Scope;

  private constructor(service: SwitchService, management: Management, scope: Scope) {
    this.service = service;
    this.management = management;
    this.#scope = scope;
  }

  /** `taps` opens ports that are to be there before the first command. Throws EtherloomError: what `SwitchService.open` and `openPidfile` throw. */
  static open(
    { pidfile, console: socket, terminal = false, hashSize, scripts = [], ...options }: ManagedSwitchOptions,
    environment: ServiceEnvironment,
    { signal, end }: Pick<ServeContext, 'signal' | 'end'>,
    openTaps: (service: SwitchService) => Promise<void> = () => Promise.resolve(),
  ): Promise<ManagedSwitch> {
    return inScope(async (scope) => {
      const service = scope.use(await SwitchService.open(options, environment));
      if (pidfile !== undefined) scope.use(openPidfile(pidfile));
      const management = scope.use(await Management.open(service, { socket, hashSize, shutdown: end }, environment));
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
