import { realClock } from '../clock.ts';
import { openSystemLog } from '../daemon/line-log.ts';
import { openLog } from '../daemon/log.ts';
import type { SwitchManagement } from '../daemon/managed-switch.ts';
import { say, serve, type ServeContext } from '../daemon/serve.ts';
import { ServiceManager } from '../daemon/service-manager.ts';
import type { ServiceEnvironment } from '../daemon/switch-service.ts';
import { realRandom } from '../random.ts';
import { isInBackground, startInBackground } from './background.ts';
import type { HttpArguments } from './http-option.ts';
import { tellReady } from './tell-ready.ts';

/** The options of all commands that run a switch, for its management and for the background. */
export interface ManagementArguments extends HttpArguments {
  readonly mgmt?: string;
  readonly mgmtmode?: number;
  readonly mgmtgroup?: number;
  readonly rcfile: readonly string[];
  readonly console: boolean;
  readonly pidfile?: string;
  readonly daemon: boolean;
}

/** Returns the settings of the switch's management. */
export function managementOf({
  mgmt,
  mgmtmode,
  mgmtgroup,
  rcfile,
  pidfile,
  console: terminal,
  daemon,
}: ManagementArguments): SwitchManagement {
  return {
    pidfile,
    managementMode: mgmtmode,
    managementGid: mgmtgroup,
    console: mgmt === undefined ? undefined : { path: mgmt, mode: mgmtmode, gid: mgmtgroup },
    terminal: terminal && !daemon,
    scripts: rcfile,
  };
}

/** The environment of a service with a switch. */
export interface ManagedEnvironment extends ServiceEnvironment, ServeContext {
  /** Reports the state of the service to the service manager, in words. */
  readonly status: (text: string) => void;
}

/**
 * Opens a service and runs it until a signal ends it, in the background if the user asked for that. Returns the exit status. Throws the
 * errors of `open`.
 */
export async function runManagedService(
  name: string,
  { daemon }: ManagementArguments,
  open: (environment: ManagedEnvironment) => Promise<AsyncDisposable>,
): Promise<number> {
  if (daemon && !isInBackground()) return startInBackground();
  const log = daemon ? openSystemLog('etherloom') : openLog(`etherloom ${name}`);
  const manager = ServiceManager.find();
  const ready = (): void => {
    if (daemon) tellReady();
    else say('ready');
    manager?.ready();
  };
  await serve((context) => open({ clock: realClock, random: realRandom, log, status: (text) => manager?.status(text), ...context }), {
    ready,
    ending: () => manager?.stopping(),
    ...(daemon && { tell: log.error, hangup: 'reopen' }),
  });
  return 0;
}
