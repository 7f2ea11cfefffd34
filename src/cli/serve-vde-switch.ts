import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../clock.ts';
import { openSystemLog, plainLog } from '../daemon/line-log.ts';
import { ManagedSwitch, type ManagedSwitchOptions } from '../daemon/managed-switch.ts';
import { complain, serve } from '../daemon/serve.ts';
import type { SwitchService } from '../daemon/switch-service.ts';
import { isForUser } from '../errors.ts';
import { bucketsFor } from '../management/services/station-settings.ts';
import { realRandom } from '../random.ts';
import { nameProcess } from '../system/daemon.ts';
import { homeDirectory } from '../system/user-directories.ts';
import { tellReady } from './tell-ready.ts';
import { exitStatusOf, type SwitchSettings } from './vde-switch-options.ts';

/** The signals that do not end a `vde_switch`. SIGHUP is for its plugins. */
const ignored = ['SIGHUP', 'SIGPIPE', 'SIGALRM', 'SIGUSR1', 'SIGUSR2', 'SIGPROF', 'SIGVTALRM', 'SIGIO', 'SIGSTKFLT', 'SIGPWR'] as const;

/** Serves until a signal or the console ends it. Returns the exit code, except after SIGINT, which ends the process itself. */
export async function serveVdeSwitch(settings: SwitchSettings, program: string): Promise<number> {
  const tell = (line: string): void => complain(`${program}: ${line}`);
  try {
    return await serveUntilEnded(settings, tell);
  } catch (error) {
    if (!isForUser(error)) throw error;
    tell(error.message);
    return exitStatusOf(error);
  }
}

async function serveUntilEnded(settings: SwitchSettings, tell: (line: string) => void): Promise<number> {
  nameProcess('vde_switch');
  const log = settings.daemon ? openSystemLog('vde_switch') : plainLog(tell);
  const environment = { clock: realClock, random: realRandom, log };
  const endedWith = await serve(
    (context) => ManagedSwitch.open(optionsOf(settings, tell), environment, context, (service) => openTaps(service, settings.taps, tell)),
    {
      // Standard output belongs to the console.
      ready: () => (settings.daemon ? tellReady() : complain('ready')),
      hangup: 'none',
      ignored,
      ...(settings.daemon && { tell: log.error }),
      ending: (name) => log(`Caught signal ${name === 'SIGTERM' ? 15 : 2}, cleaning up and exiting`),
    },
  );
  // The parent process must see that it was interrupted.
  if (endedWith === 'SIGINT') {
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  }
  return 0;
}

function optionsOf(settings: SwitchSettings, complain: (line: string) => void): ManagedSwitchOptions {
  const { mgmt, managementMode, managementGid, hashSize, daemon, nostdin, rcFile } = settings;
  const rounded = hashSize !== undefined && hashSize > 0 ? bucketsFor(hashSize) : undefined;
  if (rounded !== undefined && rounded !== hashSize) complain(`Hash size must be a power of 2. ${hashSize} rounded to ${rounded}`);
  return {
    ...settings,
    backlog: { age: settings.backlogAge },
    console: mgmt === undefined ? undefined : { path: mgmt, mode: managementMode, gid: managementGid },
    terminal: !daemon && !nostdin,
    hashSize: rounded,
    scripts: startScripts(rcFile),
  };
}

/** Returns the scripts that run at the start: the one that was named, or the user's, or this machine's. */
function startScripts(named: string | undefined): string[] {
  if (named !== undefined) return [named];
  const home = homeDirectory();
  const usual = [...(home === undefined ? [] : [join(home, '.vde2', 'vde_switch.rc')]), '/etc/vde2/vde_switch.rc'];
  return usual.filter((path) => existsSync(path)).slice(0, 1);
}

/** Opens the taps. One that cannot be opened is reported, and the switch serves without it, as the original does. */
async function openTaps(service: SwitchService, names: readonly string[], complain: (line: string) => void): Promise<void> {
  for (const name of names) {
    try {
      await service.openPort(`tap://${name}`);
    } catch (error) {
      if (!isForUser(error)) throw error;
      complain(error.message);
      complain(`ERROR OPENING tap interface: ${name}`);
    }
  }
}
