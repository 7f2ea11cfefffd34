import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import type { Progress } from '../guest/debian-package.ts';
import type { DemoFront } from './demo-text.ts';
import { buildGuestImage, defaultGuestDirectory, readGuestImage, type GuestArchitecture } from '../guest/guest-image.ts';
import { chooseAttachment } from '../guest/attachment.ts';
import { chooseAccelerator, probeQemu, type Qemu } from '../guest/qemu-probe.ts';
import { segmentMtu } from '../../daemon/segment-mtu.ts';
import { installQemu, qemuInstallLine } from '../guest/qemu-package.ts';

/** What the user wants in front of the switches. */
export interface FrontWish {
  /** Stations even where guests could be. */
  readonly stations: boolean;
  /** Whether QEMU may be installed. */
  readonly install: boolean;
  /** A directory for the guest's image where the user's cache cannot be written to. */
  readonly directory: string;
}

/** How the choice is told of: what is at work now, and what the user should know. */
export interface FrontProgress extends Progress {
  readonly say: (line: string) => void;
}

/** What will be in front, and the arguments of master and slaves for it; none for stations. */
export interface ChosenFront extends DemoFront {
  readonly guest: readonly string[] | undefined;
}

/**
 * Guests, when there is QEMU, or it can be installed, and an image for them can be made; else stations, and a line that says why and what
 * to do about it. Throws the signal's reason when aborted.
 */
export async function chooseFront({ stations, install, directory }: FrontWish, progress: FrontProgress): Promise<ChosenFront> {
  const { signal, say } = progress;
  if (stations) return stationsFor('as wished');
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') {
    say(`There is no guest for ${arch}: stations instead.`);
    return stationsFor(`no guest for ${arch}`);
  }
  try {
    const qemu = await findQemu(arch, install, progress);
    if (qemu === undefined) return stationsFor('no QEMU');
    const image = guestDirectoryOr(join(directory, 'image'));
    const known = await readGuestImage(image);
    if (known === undefined) progress.log('the guest is made of Debian packages');
    const built = known ?? (await buildGuestImage(image, progress));
    progress.log('finding out how QEMU runs guests here');
    const accelerator = await chooseAccelerator(qemu, built, 'auto', progress);
    const description = `QEMU ${qemu.version}, ${chooseAttachment(qemu, segmentMtu)}, ${accelerator}${accelerator === 'tcg' ? ': no working KVM' : ''}`;
    return { kind: 'guests', description, guest: ['--guest', image, '--accel', accelerator] };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EtherloomError)) throw error;
    say(`There can be no guests: ${error.message}. Stations instead.`);
    return stationsFor('guests could not be made');
  }
}

function stationsFor(description: string): ChosenFront {
  return { kind: 'stations', description, guest: undefined };
}

async function findQemu(architecture: GuestArchitecture, install: boolean, progress: FrontProgress): Promise<Qemu | undefined> {
  const { signal, log, say } = progress;
  try {
    return await probeQemu(architecture, undefined, signal);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  let why = 'installing packages was not wished';
  if (install) {
    try {
      log('installing QEMU');
      await installQemu(architecture, progress);
      return await probeQemu(architecture, undefined, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof EtherloomError)) throw error;
      why = error.message;
    }
  }
  say(`QEMU is not here, and cannot be installed (${why}): stations instead of guests. For guests, paste this and start again:`);
  say(`  ${qemuInstallLine(architecture)}`);
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof EtherloomError && error.code === 'missing-peer';
}

/** The user's usual directory for the image, where it is found again the next time; `other` when nothing can be written there. */
function guestDirectoryOr(other: string): string {
  try {
    const usual = defaultGuestDirectory();
    makeDirectory(dirname(usual), 0o700);
    accessSync(dirname(usual), constants.W_OK | constants.X_OK);
    return usual;
  } catch {
    return other;
  }
}
