// Installs and builds the parts that a fresh clone lacks. It depends only on files of the clone.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { constants as osConstants, homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const endLimit = 5000;

/** Installs the packages and builds, each where it is missing or out of date. Ends the process where it cannot. */
export async function prepare() {
  try {
    if (isOlder('node_modules/.package-lock.json', ['package-lock.json']) && !isLink('node_modules')) await install();
    if (isOlder('build/commands/etherloom.cjs', ['src', 'tsconfig.json', 'tsconfig.build.json', 'rolldown.config.mjs'])) await build();
  } catch (error) {
    console.error(error.message);
    process.exit(error.status ?? 1);
  }
}

/** Returns whether a file is a link. One to the packages of another tree is left alone: `npm ci` would empty that tree's. */
function isLink(file) {
  return lstatSync(join(root, file), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Whether a file is not there, or was written before the newest of the others. */
function isOlder(file, others) {
  const written = timeOf(join(root, file));
  return others.some((path) => timeOf(join(root, path)) > written);
}

/** When a file, or the newest in a directory, was written; never when it is not there. */
function timeOf(path) {
  if (!existsSync(path)) return -Infinity;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(-Infinity, ...readdirSync(path).map((name) => timeOf(join(path, name))));
}

/** Without install scripts: the packages need none, and none should run unasked. */
async function install() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const command = npm && basename(npm).startsWith('npm') && existsSync(npm) ? [process.execPath, npm] : ['npm'];
  // npm keeps what it downloads, and gives up when it cannot.
  const usual = process.env.npm_config_cache || usualCache();
  const cache = usual !== undefined && canWrite(usual) ? undefined : mkdtempSync(join(tmpdir(), 'el-npm-'));
  try {
    await run('installing packages (npm ci)', [...command, ...args, ...(cache ? ['--cache', cache] : [])]);
  } finally {
    if (cache) rmSync(cache, { recursive: true, force: true });
  }
}

/** As `npm run build` does. */
async function build() {
  await run('building', [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  await run('bundling', [process.execPath, join(root, 'node_modules/rolldown/bin/cli.mjs'), '-c', 'rolldown.config.mjs']);
}

/** Where npm keeps its downloads; undefined for a user without a home. */
function usualCache() {
  try {
    return join(homedir(), '.npm');
  } catch {
    return undefined;
  }
}

/** Whether a directory can be written to; it is made if need be. */
function canWrite(path) {
  try {
    if (!existsSync(path)) mkdirSync(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command in the root of the project. Its output is shown only if it fails. It ends with us, and we with it. */
function run(what, [program, ...args]) {
  console.log(`${what} ...`);
  const began = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (octets) => said.push(octets));
    let ended;
    const end = (signal) => {
      ended = signal;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), endLimit).unref();
    };
    for (const signal of endingSignals) process.on(signal, end);
    const finish = (settle) => {
      for (const signal of endingSignals) process.off(signal, end);
      settle();
    };
    const fail = (message, status) => finish(() => reject(Object.assign(new Error(message), { status })));
    child.on('error', (error) => fail(`${what} failed: ${program}: ${error.message}`, 1));
    child.on('close', (status) => {
      if (ended) fail(`ended by ${ended}`, 128 + osConstants.signals[ended]);
      else if (status !== 0) fail(`${what} failed:\n${Buffer.concat(said).toString().trimEnd()}`, 1);
      else finish(() => resolve(console.log(`${what}: done in ${((Date.now() - began) / 1000).toFixed(1)} s`)));
    });
  });
}
