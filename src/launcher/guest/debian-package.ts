import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EtherloomError } from '../../errors.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import { runCommand, type CommandResult } from './run-command.ts';

/** A binary package on disk. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** The .deb file. */
  readonly file: string;
}

/** The abort signal of a long operation, and the callback for the lines that report its progress. */
export interface Progress {
  readonly signal?: AbortSignal | undefined;
  readonly log: (message: string) => void;
}

/**
 * Downloads packages with apt, as the current user. All files of apt go to `directory`, which must exist. Uses the machine's own package
 * lists if their packages can be downloaded; otherwise fetches separate lists. `wanted` is called when the lists are available and returns
 * the names of the packages; its argument returns the dependencies of a package. Throws EtherloomError: `missing-peer` if there is no apt,
 * `refused` with apt's messages if it fails.
 */
export async function downloadPackages(
  directory: string,
  wanted: (dependsOf: (name: string) => Promise<string[]>) => Promise<string[]>,
  { signal, log }: Progress,
): Promise<DebianPackage[]> {
  const packages = join(directory, 'packages');
  for (const path of ['packages', 'cache/archives/partial', 'state/lists/partial']) makeDirectory(join(directory, path));
  const attempt = async (options: readonly string[]): Promise<void> => {
    const names = await wanted((name) => dependsOf(name, options, signal));
    log(`fetching ${names.join(', ')}`);
    await apt('apt-get', [...options, 'download', ...names], packages, signal);
  };
  const shared = aptOptions(directory);
  const state = join(directory, 'state');
  const own = [
    ...shared,
    '-o',
    `Dir::State=${state}`,
    '-o',
    `Dir::State::lists=${join(state, 'lists')}`,
    '-o',
    'Dir::State::status=/var/lib/dpkg/status',
  ];
  try {
    await attempt(shared);
  } catch (error) {
    if (!(error instanceof EtherloomError) || error.code !== 'refused') throw error;
    log('fetching package lists');
    // One unreachable source makes the whole update fail, although the lists of the other sources are available.
    const update = await aptResult('apt-get', [...own, 'update'], directory, signal);
    await attempt(own).catch((cause: unknown) => {
      throw update.status === 0 ? cause : aptError('apt-get update', update);
    });
  }
  return Promise.all((await readdir(packages)).map((file) => describePackage(join(packages, file), signal)));
}

/** Unpacks a package into a new directory. All files belong to the current user. */
export async function unpackPackage(file: string, into: string, signal?: AbortSignal): Promise<void> {
  const result = await runCommand('dpkg-deb', ['--extract', file, into], { signal });
  if (result.status !== 0) throw aptError(`dpkg-deb --extract ${file}`, result);
}

function aptOptions(directory: string): string[] {
  const options = [`Dir::Cache=${join(directory, 'cache')}`, 'Acquire::Languages=none', 'Acquire::http::Timeout=20', 'Acquire::Retries=2'];
  // As root, apt would switch to a user who cannot write here.
  if (process.getuid?.() === 0) options.push('APT::Sandbox::User=root');
  return options.flatMap((option) => ['-o', option]);
}

async function dependsOf(name: string, options: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  const text = await apt('apt-cache', [...options, 'show', '--no-all-versions', name], '/', signal);
  const depends = /^Depends: (.*)$/m.exec(text)?.[1] ?? '';
  return depends.split(',').flatMap((dependency) => /^[a-z0-9.+-]+/.exec(dependency.trim())?.[0] ?? []);
}

async function describePackage(file: string, signal: AbortSignal | undefined): Promise<DebianPackage> {
  const result = await runCommand('dpkg-deb', ['--show', '--showformat=${Package} ${Version}', file], { signal });
  const [name, version] = result.stdout.toString().split(' ');
  if (result.status !== 0 || name === undefined || version === undefined) throw aptError(`dpkg-deb --show ${file}`, result);
  return { name, version, file };
}

async function apt(program: string, args: readonly string[], cwd: string, signal: AbortSignal | undefined): Promise<string> {
  const result = await aptResult(program, args, cwd, signal);
  if (result.status !== 0) throw aptError(program, result);
  return result.stdout.toString();
}

async function aptResult(program: string, args: readonly string[], cwd: string, signal: AbortSignal | undefined): Promise<CommandResult> {
  try {
    return await runCommand(program, args, { cwd, signal });
  } catch (error) {
    if (!(error instanceof EtherloomError) || error.code !== 'missing-peer') throw error;
    const advice = `${program} was not found: the guest is built from Debian packages; build it on a Debian machine and copy its directory here`;
    throw new EtherloomError('missing-peer', advice, { cause: error });
  }
}

function aptError(what: string, result: CommandResult): EtherloomError {
  const said = result.stderr
    .split('\n')
    .filter((line) => /^(E:|dpkg-deb: error)/.test(line))
    .slice(0, 3);
  return new EtherloomError('refused', `${what} failed (is the network up?): ${said.join(' ') || `exit status ${result.status}`}`);
}
