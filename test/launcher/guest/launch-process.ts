// A program that a test runs in a process of its own, to kill it: `build DIRECTORY`, or `open OPTIONS` with Guest.open's options as JSON.
// Prints the result on one line of JSON; with a guest open, it stays until it is killed.
import { EtherloomError } from '../../../src/errors.ts';
import { buildGuestImage } from '../../../src/launcher/guest/guest-image.ts';
import type { GuestOptions } from '../../../src/launcher/guest/guest-process.ts';
import { Guest } from '../../../src/launcher/guest/guest.ts';
import { lockFile } from '../../../src/system/file-lock.ts';

const [work = '', argument = ''] = process.argv.slice(2);
const log = (message: string): void => console.error(message);

try {
  if (work === 'build') {
    const image = await buildGuestImage(argument, { log });
    console.log(JSON.stringify({ version: image.version }));
  } else {
    const options = { ...(JSON.parse(argument) as Omit<GuestOptions, 'lock'>), lock: lockFile };
    const guest = await Guest.open(options, { log });
    console.log(JSON.stringify({ pid: guest.pid, adopted: guest.adopted }));
  }
} catch (error) {
  console.log(JSON.stringify({ code: error instanceof EtherloomError ? error.code : String(error) }));
  process.exitCode = 1;
}
