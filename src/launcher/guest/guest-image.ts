import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { EtherloomError, errnoOf, SystemError } from '../../errors.ts';
import { homeDirectory } from '../../system/user-directories.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import { encodeCpio, type CpioEntry } from './cpio.ts';
import { downloadPackages, unpackPackage, type DebianPackage, type Progress } from './debian-package.ts';
import { moduleName, readModuleInfo } from './elf-module-info.ts';
import { guestFiles, guestFilesDigest, moduleListPath } from './guest-init.ts';
import { runCommand } from './run-command.ts';

/** The processors for which a guest can be built. A guest is always built for the machine's own processor. */
export type GuestArchitecture = 'x64' | 'arm64';

/** A guest's kernel and initial file system, as `etherloom guest build` puts them into a directory. */
export interface GuestImage {
  /** Absolute path of the kernel, a bzImage (x64) or an Image (arm64). */
  readonly kernel: string;
  /** Absolute path of the compressed archive that becomes the guest's root file system. */
  readonly initrd: string;
  readonly architecture: GuestArchitecture;
  /** Identifies kernel, busybox and the guest's own files together. Equal images have equal versions. */
  readonly version: string;
}

/**
 * Returns the default directory of the guest's image, in the user's cache. Its name changes with the guest's files. Throws
 * EtherloomError('bad-option') for a user without a home.
 */
export function defaultGuestDirectory(): string {
  const name = join('etherloom', `guest-${guestFilesDigest()}`);
  const configured = process.env['XDG_CACHE_HOME'];
  if (configured?.startsWith('/') === true) return join(configured, name);
  const home = homeDirectory();
  if (home !== undefined) return join(home, '.cache', name);
  throw new EtherloomError(
    'bad-option',
    'this user has no home directory for the guest image; name a directory, as in etherloom guest build DIR',
  );
}

/**
 * Reads the image that `etherloom guest build` has put into `directory`. Returns undefined if the image is missing, incomplete or of
 * another version.
 */
export async function readGuestImage(directory: string): Promise<GuestImage | undefined> {
  const at = resolve(directory);
  try {
    const description = JSON.parse(await readFile(join(at, 'guest.json'), 'utf8')) as Partial<Description>;
    if (description.format !== guestFilesDigest()) return undefined;
    const { architecture, kernelVersion, busyboxVersion } = description;
    if (architecture !== hostArchitecture() || kernelVersion === undefined || busyboxVersion === undefined) return undefined;
    const [kernel, initrd] = [join(at, 'vmlinuz'), join(at, 'initrd.gz')];
    if ((await stat(kernel)).size !== description.kernelSize || (await stat(initrd)).size !== description.initrdSize) return undefined;
    return { kernel, initrd, architecture, version: `${kernelVersion} ${busyboxVersion} ${description.format}` };
  } catch {
    return undefined;
  }
}

/**
 * Builds the small Linux guest in `directory`, from Debian's cloud kernel and busybox, and an init of our own. The packages are downloaded
 * and unpacked as the current user. A complete image is kept unless `force` is set. Parallel builds do not disturb each other, since a
 * finished image is moved into place by one rename. Throws EtherloomError('bad-option') if the directory contains something else, and the
 * errors of downloadPackages.
 */
export async function buildGuestImage(
  directory: string,
  { signal, log, force = false }: Progress & { readonly force?: boolean },
): Promise<GuestImage> {
  const target = resolve(directory);
  const present = force ? undefined : await readGuestImage(target);
  if (present !== undefined) return present;
  await refuseForeign(target);
  try {
    makeDirectory(dirname(target), 0o700);
    await removeAbandoned(target);
    await buildBeside(target, force, { signal, log });
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined
      ? error
      : new SystemError(errno, `cannot build the guest in ${target}`, 'free space there, or name another directory');
  }
  const built = await readGuestImage(target);
  if (built === undefined) throw new EtherloomError('bad-state', `${target} was changed while the guest was built; try again`);
  log(`guest built in ${target}`);
  return built;
}

async function buildBeside(target: string, force: boolean, progress: Progress): Promise<void> {
  const work = await mkdtemp(join(dirname(target), `.${basename(target)}.build-`));
  try {
    const image = join(work, 'image');
    await mkdir(image, { mode: 0o700 });
    await assemble(work, image, progress);
    await replaceDirectory(image, target, force);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Description {
  readonly format: string;
  readonly architecture: GuestArchitecture;
  readonly kernelVersion: string;
  readonly busyboxVersion: string;
  readonly kernelSize: number;
  readonly initrdSize: number;
}

// The modules that the guest needs for its network card, without their dependencies, which are added.
const wantedModules = ['virtio_pci', 'virtio_net'];

const debianArchitecture = { x64: 'amd64', arm64: 'arm64' } as const;

function hostArchitecture(): GuestArchitecture {
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64')
    throw new EtherloomError('not-permitted', `there is no guest for the processor ${arch}; use x64 or arm64`);
  return arch;
}

async function assemble(work: string, image: string, { signal, log }: Progress): Promise<void> {
  const architecture = hostArchitecture();
  const [kernel, busybox] = await fetchPackages(work, architecture, { signal, log });
  log('unpacking');
  const root = join(work, 'root');
  await unpackPackage(kernel.file, root, signal);
  await unpackPackage(busybox.file, root, signal);
  const vmlinuz = (await readdir(join(root, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  const busyboxPath = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(root, path)).find((path) => existsSync(path));
  if (vmlinuz === undefined || busyboxPath === undefined)
    throw new EtherloomError('bad-state', 'the Debian packages lack the kernel or busybox; try again with an up-to-date mirror');
  const entries: CpioEntry[] = [
    ...guestFiles(),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, contents: await readFile(busyboxPath) },
    ...(await moduleEntries(root, busyboxPath, signal)),
  ];
  const initrd = await promisify(gzip)(encodeCpio(entries));
  await writeFile(join(image, 'initrd.gz'), initrd);
  await copyFile(join(root, 'boot', vmlinuz), join(image, 'vmlinuz'));
  const description: Description = {
    format: guestFilesDigest(),
    architecture,
    kernelVersion: `${kernel.name} ${kernel.version}`,
    busyboxVersion: `${busybox.name} ${busybox.version}`,
    kernelSize: (await stat(join(image, 'vmlinuz'))).size,
    initrdSize: initrd.length,
  };
  await writeFile(join(image, 'guest.json'), `${JSON.stringify(description, undefined, 2)}\n`);
}

async function fetchPackages(work: string, architecture: GuestArchitecture, progress: Progress): Promise<[DebianPackage, DebianPackage]> {
  const packages = await downloadPackages(
    work,
    async (dependsOf) => {
      const newest = `linux-image-cloud-${debianArchitecture[architecture]}`;
      const kernel = (await dependsOf(newest)).find((name) => name.startsWith('linux-image-'));
      if (kernel === undefined)
        throw new EtherloomError('refused', `the package ${newest} names no kernel; run apt-get update and try again`);
      return [kernel, 'busybox-static'];
    },
    progress,
  );
  const kernel = packages.find((found) => found.name.startsWith('linux-image-'));
  const busybox = packages.find((found) => found.name === 'busybox-static');
  if (kernel === undefined || busybox === undefined)
    throw new EtherloomError(
      'bad-state',
      'apt downloaded other packages than the kernel and busybox-static; run apt-get update and try again',
    );
  return [kernel, busybox];
}

async function moduleEntries(root: string, busybox: string, signal: AbortSignal | undefined): Promise<CpioEntry[]> {
  const files = await moduleFiles(root);
  const loaded = new Map<string, Uint8Array>();
  const load = async (name: string): Promise<void> => {
    const file = files.get(name);
    // A dependency without a file is built into the kernel. If a file were missing for another reason, insmod would report it on the
    // console.
    if (file === undefined || loaded.has(name)) return;
    const contents = await readModule(file, busybox, signal);
    const info = readModuleInfo(contents);
    if (info === undefined) throw new EtherloomError('bad-state', `${file} is not a kernel module; build the guest again with --force`);
    for (const needed of info.depends) await load(needed);
    loaded.set(name, contents);
  };
  for (const name of wantedModules) await load(name);
  const list = [...loaded.keys()].map((name) => `/lib/${name}.ko\n`).join('');
  return [
    { kind: 'directory', path: 'lib', mode: 0o755 },
    ...[...loaded].map(([name, contents]): CpioEntry => ({ kind: 'file', path: `lib/${name}.ko`, mode: 0o644, contents })),
    { kind: 'file', path: moduleListPath, mode: 0o644, contents: Buffer.from(list) },
  ];
}

async function moduleFiles(root: string): Promise<Map<string, string>> {
  const top = ['lib/modules', 'usr/lib/modules'].map((path) => join(root, path)).find((path) => existsSync(path));
  if (top === undefined) throw new EtherloomError('bad-state', 'the kernel package has no modules; build the guest again with --force');
  const paths = await readdir(top, { recursive: true });
  return new Map(
    paths.flatMap((path) => {
      const name = /^(.*)\.ko(\.xz)?$/.exec(basename(path))?.[1];
      return name === undefined ? [] : [[moduleName(name), join(top, path)]];
    }),
  );
}

async function readModule(file: string, busybox: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (!file.endsWith('.xz')) return readFile(file);
  // Uses the guest's busybox, since a minimal machine may have no xz.
  const result = await runCommand(busybox, ['xzcat', file], { signal });
  if (result.status !== 0) throw new EtherloomError('bad-state', `${file} cannot be uncompressed: ${result.stderr.trim()}`);
  return result.stdout;
}

async function refuseForeign(target: string): Promise<void> {
  const names = await readdir(target).catch((): string[] => []);
  if (names.length > 0 && !names.includes('guest.json')) {
    throw new EtherloomError('bad-option', `${target} contains something other than a guest; name an empty or a new directory`);
  }
}

// Removes the leftovers of builds that were killed. A build never takes an hour.
async function removeAbandoned(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`.${basename(target)}.build-`)) continue;
    const path = join(dirname(target), name);
    const changed = await stat(path).catch(() => undefined);
    if (changed !== undefined && changed.mtimeMs < Date.now() - 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

// Replaces the target by `from`. A directory can only be renamed onto an empty one, so a non-empty target is moved away first. Another
// build may do the same at that time.
async function replaceDirectory(from: string, target: string, force: boolean): Promise<void> {
  for (let attempts = 10; ; attempts--) {
    try {
      await rename(from, target);
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (attempts === 0 || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error;
    }
    if (!force && (await readGuestImage(target)) !== undefined) return;
    const old = join(dirname(from), `old-${randomBytes(4).toString('hex')}`);
    await rename(target, old).catch(() => undefined);
  }
}
