// Kills the process that loads this (`node --import`) at a point of its work on files: before or after a call of `node:fs/promises` on a file
// in a directory. kill-points.ts has the environment for it. The files are those of a real program, and so is the death: SIGKILL.
import { appendFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const { ETHERLOOM_KILL_IN: directory, ETHERLOOM_KILL_AT: at, ETHERLOOM_KILL_LOG: log } = process.env;
let points = 0;

if (directory !== undefined && log !== undefined && isMainThread) {
  const isIn = (path) => typeof path === 'string' && `${resolve(path)}/`.startsWith(`${directory}/`);

  const point = (name) => {
    appendFileSync(log, `${name}\n`);
    if (points++ === Number(at)) process.kill(process.pid, 'SIGKILL');
  };

  /** Makes a call with a point before and after it. */
  const between = async (name, call) => {
    point(`before ${name}`);
    const result = await call();
    point(`after ${name}`);
    return result;
  };

  /** The name of each open file, by the path at which it was opened or to which it was moved. */
  const names = new Map();

  const { open, rename, copyFile, rm } = promises;
  promises.open = async (path, ...rest) => {
    const file = await open(path, ...rest);
    if (!isIn(path)) return file;
    const label = { name: basename(path) };
    names.set(resolve(path), label);
    for (const name of ['write', 'writeFile', 'datasync', 'sync', 'truncate', 'chmod']) {
      const call = file[name].bind(file);
      file[name] = (...given) => between(`${name} ${label.name}`, () => call(...given));
    }
    return file;
  };
  promises.rename = async (from, to) => {
    if (!isIn(to)) return rename(from, to);
    await between(`rename ${basename(from)}`, () => rename(from, to));
    const moved = names.get(resolve(from));
    if (moved) moved.name = basename(to);
  };
  promises.copyFile = (from, to, ...rest) =>
    isIn(to) ? between(`copy ${basename(from)}`, () => copyFile(from, to, ...rest)) : copyFile(from, to, ...rest);
  promises.rm = (path, ...rest) => (isIn(path) ? between(`remove ${basename(path)}`, () => rm(path, ...rest)) : rm(path, ...rest));
  syncBuiltinESMExports();
}
