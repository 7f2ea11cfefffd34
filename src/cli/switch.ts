import { realClock } from '../clock.ts';
import { openSystemLog } from '../daemon/line-log.ts';
import { openLog } from '../daemon/log.ts';
import { defaultSocketDirectory } from '../daemon/directories.ts';
import { ManagedSwitch } from '../daemon/managed-switch.ts';
import { say, serve } from '../daemon/serve.ts';
import { realRandom } from '../random.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Quality } from '../ports/impairment.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { isInBackground, startInBackground } from './background.ts';
import { backlogBounds, checkPlain, type BacklogArguments } from './node-arguments.ts';
import { tellReady } from './tell-ready.ts';

/** What `etherloom switch` was given, as commander reads it. */
export interface SwitchArguments extends BacklogArguments {
  readonly sock?: string;
  readonly mode?: number;
  readonly dirmode?: number;
  readonly group?: number;
  readonly port: readonly string[];
  readonly tap: readonly string[];
  readonly numports: number;
  readonly trunk: boolean;
  readonly plain: boolean;
  readonly fstp: boolean;
  readonly hub: boolean;
  readonly macaddr?: MacAddress;
  readonly priority: number;
  readonly impair?: Quality;
  readonly mgmt?: string;
  readonly mgmtmode?: number;
  readonly mgmtgroup?: number;
  readonly rcfile: readonly string[];
  readonly console: boolean;
  readonly pidfile?: string;
  readonly daemon: boolean;
}

/** `etherloom switch`: the switch alone. Returns the exit status. */
export async function runSwitch(given: SwitchArguments): Promise<number> {
  if (given.daemon && !isInBackground()) return await startInBackground();
  const log = given.daemon ? openSystemLog('etherloom') : openLog('etherloom switch');
  for (const address of given.port) {
    const [, tcp] = /^(?:tcp|qemu-stream)(?:-listen)?:\/\/([^/]+)$/.exec(address) ?? [];
    if (tcp !== undefined) checkPlain(parseTcpAddress(tcp), given.plain, log.warn);
  }
  await serve(
    async (context) => {
      const opened = await ManagedSwitch.open(optionsOf(given), { clock: realClock, random: realRandom, log }, context);
      say(`sock ${opened.service.directory}`);
      return opened;
    },
    given.daemon ? { ready: tellReady, tell: log.error, hangup: 'reopen' } : {},
  );
  return 0;
}

function optionsOf({ sock, port, tap, rcfile, mgmt, mgmtmode, mgmtgroup, ...given }: SwitchArguments) {
  const { numports, trunk, hub, fstp, macaddr, priority, impair, mode, dirmode, group, pidfile, console: terminal, daemon } = given;
  return {
    ...{ numports, trunk, hub, fstp, mac: macaddr, priority, impair, pidfile },
    ...{ directory: sock ?? defaultSocketDirectory('switch'), mode, directoryMode: dirmode, gid: group },
    ...{ managementMode: mgmtmode, managementGid: mgmtgroup },
    ports: [...tap.map((name) => `tap://${name}`), ...port],
    backlog: backlogBounds(given),
    console: mgmt === undefined ? undefined : { path: mgmt, mode: mgmtmode, gid: mgmtgroup },
    terminal: terminal && !daemon,
    scripts: rcfile,
  };
}
