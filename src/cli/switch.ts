import { realClock } from '../clock.ts';
import { openLog } from '../daemon/log.ts';
import { defaultSocketDirectory } from '../daemon/directories.ts';
import { say, serve } from '../daemon/serve.ts';
import { realRandom } from '../random.ts';
import { SwitchService } from '../daemon/switch-service.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Quality } from '../ports/impairment.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { backlogBounds, checkPlain, type BacklogArguments } from './node-arguments.ts';

/** What `etherloom switch` was given, as commander reads it. */
export interface SwitchArguments extends BacklogArguments {
  readonly sock?: string;
  readonly port: readonly string[];
  readonly tap: readonly string[];
  readonly numports: number;
  readonly plain: boolean;
  readonly fstp: boolean;
  readonly hub: boolean;
  readonly macaddr?: MacAddress;
  readonly priority: number;
  readonly impair?: Quality;
}

/** `etherloom switch`: the switch alone. */
export async function runSwitch({ sock, port, tap, plain, macaddr: mac, ...given }: SwitchArguments): Promise<void> {
  const { numports, impair, fstp, hub, priority } = given;
  const log = openLog('etherloom switch');
  for (const address of port) {
    const [, tcp] = /^(?:tcp|qemu-stream)(?:-listen)?:\/\/([^/]+)$/.exec(address) ?? [];
    if (tcp !== undefined) checkPlain(parseTcpAddress(tcp), plain, log);
  }
  await serve(async () => {
    const directory = sock ?? defaultSocketDirectory('switch');
    const ports = [...tap.map((name) => `tap://${name}`), ...port];
    const service = await SwitchService.open(
      { directory, ports, numports, impair, fstp, hub, priority, ...(mac !== undefined && { mac }), backlog: backlogBounds(given) },
      { clock: realClock, random: realRandom, log },
    );
    say(`sock ${service.directory}`);
    return service;
  });
}
