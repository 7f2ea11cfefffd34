import { realClock } from '../clock.ts';
import { openSystemLog } from '../daemon/line-log.ts';
import { openLog } from '../daemon/log.ts';
import type { SwitchManagement } from '../daemon/managed-switch.ts';
import { serve, type ServeContext } from '../daemon/serve.ts';
import type { ServiceEnvironment } from '../daemon/switch-service.ts';
import { realRandom } from '../random.ts';
import { isInBackground, startInBackground } from './background.ts';
import { tellReady } from './tell-ready.ts';

/** The options of all commands that run a switch, for its management and for the background. */
export interface ManagementArguments {
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

/**
 * Opens a service and runs it until a signal ends it, in the background if the user asked for that. Returns the exit status. Throws the
 * errors of `open`.
 */
export async function runManagedService(
  name: string,
  { daemon }: ManagementArguments,
  open: (environment: ServiceEnvironment & ServeContext) => Promise<AsyncDisposable>,
): Promise<number> {
  if (daemon && !isInBackground()) return startInBackground();
  const log = daemon ? openSystemLog('etherloom') : openLog(`etherloom ${name}`);
  await serve(
    (context) => open({ clock: realClock, random: realRandom, log, ...context }),
    daemon ? { ready: tellReady, tell: log.error, hangup: 'reopen' } : {},
  );
  return 0;
}
