import { realClock } from '../clock.ts';
import { openLog } from '../daemon/log.ts';
import { defaultSocketDirectory } from '../daemon/directories.ts';
import { say, serve } from '../daemon/serve.ts';
import { realRandom } from '../random.ts';
import { SwitchService } from '../daemon/switch-service.ts';

/** What `etherloom switch` was given, as commander reads it. */
export interface SwitchArguments {
  readonly sock?: string;
  readonly port: readonly string[];
  readonly numports: number;
}

/** `etherloom switch`: the switch alone. */
export async function runSwitch({ sock, port, numports }: SwitchArguments): Promise<void> {
  const log = openLog('etherloom switch');
  await serve(async () => {
    const directory = sock ?? defaultSocketDirectory('switch');
    const service = await SwitchService.open({ directory, ports: port, numports }, { clock: realClock, random: realRandom, log });
    say(`sock ${service.directory}`);
    return service;
  });
}
