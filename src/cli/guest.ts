import { openLog } from '../daemon/log.ts';
import { say } from '../daemon/serve.ts';
import { buildGuestImage, defaultGuestDirectory } from '../launcher/guest/guest-image.ts';
import { stopNodeGuest } from '../launcher/node-guest.ts';

/** Implements `etherloom guest build`: builds the guest's image if it is missing, or if forced. */
export async function runGuestBuild(directory = defaultGuestDirectory(), force: boolean): Promise<void> {
  const log = openLog('etherloom guest');
  const image = await buildGuestImage(directory, { force, log });
  say(`guest ${directory} (${image.version}, ${image.architecture})`);
}

/** Implements `etherloom guest stop`: ends a guest that outlived its master or slave. */
export async function runGuestStop(state: string): Promise<void> {
  const ran = await stopNodeGuest(state);
  say(ran ? 'stopped' : 'no guest runs');
}
