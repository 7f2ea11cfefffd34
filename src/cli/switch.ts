import { defaultSocketDirectory } from '../daemon/directories.ts';
import { ManagedSwitch, type ManagedSwitchOptions } from '../daemon/managed-switch.ts';
import { say } from '../daemon/serve.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Quality } from '../ports/impairment.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { managementOf, runManagedService, type ManagementArguments } from './managed-service.ts';
import { backlogBounds, checkPlain, type BacklogArguments } from './node-arguments.ts';

/** What `etherloom switch` was given, as commander reads it. */
export interface SwitchArguments extends BacklogArguments, ManagementArguments {
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
}

/** `etherloom switch`: the switch alone. Returns the exit status. */
export function runSwitch(given: SwitchArguments): Promise<number> {
  return runManagedService('switch', given, async (environment) => {
    for (const address of given.port) {
      const [, tcp] = /^(?:tcp|qemu-stream)(?:-listen)?:\/\/([^/]+)$/.exec(address) ?? [];
      if (tcp !== undefined) checkPlain(parseTcpAddress(tcp), given.plain, environment.log.warn);
    }
    const opened = await ManagedSwitch.open(optionsOf(given), environment, environment);
    say(`sock ${opened.service.directory}`);
    return opened;
  });
}

function optionsOf({ sock, port, tap, ...given }: SwitchArguments): ManagedSwitchOptions {
  const { numports, trunk, hub, fstp, macaddr, priority, impair, mode, dirmode, group } = given;
  return {
    ...{ numports, trunk, hub, fstp, mac: macaddr, priority, impair },
    ...{ directory: sock ?? defaultSocketDirectory('switch'), mode, directoryMode: dirmode, gid: group },
    ports: [...tap.map((name) => `tap://${name}`), ...port],
    backlog: backlogBounds(given),
    ...managementOf(given),
  };
}
