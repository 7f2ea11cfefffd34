import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import type { Progress } from '../guest/debian-package.ts';
import type { DemoFront } from './demo-text.ts';
import { buildGuestImage, defaultGuestDirectory, readGuestImage, type GuestArchitecture } from '../guest/guest-image.ts';
import { chooseAttachment } from '../guest/attachment.ts';
import { chooseAccelerator, probeQemu } from '../guest/qemu-probe.ts';
import type { Qemu } from '../guest/qemu.ts';
import { segmentMtu } from '../../daemon/segment-mtu.ts';
import { installQemu, qemuInstallLine } from '../guest/qemu-package.ts';

/** The user's choice between guests and stations. */
export interface FrontWish {
  /** True to use stations even if guests could run. */
  readonly stations: boolean;
  /** True if QEMU may be installed. */
  readonly install: boolean;
  /** A directory for the guest's image, used if the user's cache is not writable. */
  readonly directory: string;
}

/** The callbacks for progress, and for lines that the user should read. */
export interface FrontProgress extends Progress {
  readonly say: (line: string) => void;
}

/** The chosen front. `guest` has the arguments for master and slaves; undefined for stations. */
export interface ChosenFront extends DemoFront {
  readonly guest: readonly string[] | undefined;
}

/**
 * Chooses guests if QEMU is installed or can be installed, and an image can be built. Otherwise chooses stations, and prints the reason
 * with a remedy. Throws the signal's reason when aborted.
 */
export async function chooseFront({ stations, install, directory }: FrontWish, progress: FrontProgress): Promise<ChosenFront> {
  const { signal, say } = progress;
  if (stations) return stationsFor('as requested');
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') {
    say(`There is no guest for ${arch}, so stations are used instead.`);
    return stationsFor(`no guest for ${arch}`);
  }
  try {
    const qemu = await findQemu(arch, install, progress);
    if (qemu === undefined) return stationsFor('no QEMU');
    const image = guestDirectoryOr(join(directory, 'image'));
    const known = await readGuestImage(image);
    if (known === undefined) progress.log('building the guest from Debian packages');
    const built = known ?? (await buildGuestImage(image, progress));
    progress.log('testing how QEMU runs guests here');
    const accelerator = await chooseAccelerator(qemu, built, 'auto', progress);
    const description = `QEMU ${qemu.version}, ${chooseAttachment(qemu, segmentMtu)}, ${accelerator}${accelerator === 'tcg' ? ': no working KVM' : ''}`;
    return { kind: 'guests', description, guest: ['--guest', image, '--accel', accelerator] };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EtherloomError)) throw error;
    say(`Guests cannot run here: ${error.message}. Stations are used instead.`);
    return stationsFor('guests cannot run here');
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
  let why = '--no-install is given';
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
  say(`QEMU is not installed, and cannot be installed (${why}). Stations are used instead. For guests, run this and start the demo again:`);
  say(`  ${qemuInstallLine(architecture)}`);
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof EtherloomError && error.code === 'missing-peer';
}

/** Returns the user's default directory for the image, where the next run finds it. Returns `other` if that directory is not writable. */
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
