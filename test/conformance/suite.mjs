/**
 * Runs the suite, or some files of it, against one executable.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** How many files run at a time. They wait more than they work. */
const parallel = 3;

/** Marks all processes that a run starts, so that none stays behind. */
const marker = 'ETHERLOOM_CONFORMANCE_RUN';

/** Returns all files of the suite, those that take longest first. */
export function suiteFiles() {
  const isSlow = (name) => /^(fstp|crossing|fdb)/.test(name);
  const names = readdirSync(here).filter((name) => name.endsWith('.test.mjs'));
  return names.sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || (a < b ? -1 : 1));
}

/** The title of a check: its id, a colon, its name. An id ends with the parameter in brackets where one piece of code makes several checks. */
const titleForm = /^([a-z][a-z0-9-]*(?:\[.*?\])?): (.+)$/;

/** Matches the title of no check. */
export const noCheck = '$^';

/** Returns a pattern for the titles of the checks with these ids. An id without its brackets stands for the checks with all parameters. */
export function titlesOf(ids) {
  const forms = ids.map((id) => id.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') + (id.endsWith(']') ? '' : '(?:\\[.*?\\])?'));
  return `^(?:${forms.join('|')}): `;
}

/**
 * Runs files against `vdeSwitch`, `other` being the implementation that it meets. Returns the id of each check with `{ name, outcome, file, output, reason }`,
 * where the outcome is `passed`, `failed` or `skipped`, that for the `reason`. A file that ends before its time, or has a check without an id or with that of
 * another one, fails under its own name.
 *
 * `limit` bounds each file, in seconds; `only` matches the titles of the checks that are run, the others are skipped; with `oneFailure` the
 * first failure of a file ends it, and the run after it.
 */
export async function runSuite(vdeSwitch, { other, files = suiteFiles(), limit = 300, only, oneFailure = false } = {}) {
  const results = new Map();
  const waiting = [...files];
  // Debian keeps the programs of daemons out of an ordinary user's PATH.
  const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
  const environment = { PATH, VDE_SWITCH: vdeSwitch, [marker]: `${process.pid}-${Math.random()}`, TAP_TIMEOUT: String(limit) };
  if (other !== undefined) environment.VDE_SWITCH_OTHER = other;
  if (only !== undefined) environment.TAP_GREP = `/${only}/`;
  let over = false;
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !over; file = waiting.shift()) {
      const start = Date.now();
      for (const [id, result] of await runFile(file, environment, limit, oneFailure)) {
        if (results.has(id)) results.set(file, failedFile(file, twice(id)));
        results.set(id, { ...result, file });
        over ||= oneFailure && result.outcome === 'failed';
      }
      if (process.env.VERBOSE) console.log(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s  ${file}`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  endStrays(environment[marker]);
  return results;
}

function runFile(file, environment, limit, oneFailure) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(here, file)], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let late = false;
    const end = () => kill(-child.pid);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
        if (oneFailure && /^not ok/m.test(output)) end();
      });
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limit * 1000);
    child.on('exit', () => {
      clearTimeout(timer);
      // A process that it left running holds its output open.
      end();
    });
    child.on('close', () => resolve(readTap(output, file, late)));
  });
}

/** Returns the result of each check, by its id, from what tap printed. */
export function readTap(output, file, late) {
  const results = new Map();
  const blocks = output.split(/^(?=(?:not )?ok \d+ - )/m);
  for (const [index, block] of blocks.entries()) {
    const [, not, title, directive] = /^(not )?ok \d+ - (.*?)(?: # (.*?))?(?: \{)?\n/.exec(`${block}\n`) ?? [];
    if (title === undefined) continue;
    const [, id, name] = titleForm.exec(title.replace(/\\([#\\])/g, '$1')) ?? [];
    if (id === undefined) results.set(file, failedFile(file, `a check has no id: ${title}`));
    if (id === undefined) continue;
    // The output of a check comes before its result. A check that was broken off, or checked nothing, is `ok` all the same.
    const said = blocks[index - 1] ?? '';
    const outcome = directive?.startsWith('SKIP') ? 'skipped' : not || /^ {4}(not ok|1\.\.0$)/m.test(said) ? 'failed' : 'passed';
    if (results.has(id)) results.set(file, failedFile(file, twice(id)));
    results.set(id, { name, outcome, output: `${said}${block}`, reason: /^SKIP (.*)/.exec(directive)?.[1] });
  }
  const plan = /^1\.\.(\d+)/m.exec(output);
  if (late || plan === null) results.set(file, failedFile(file, `${late ? 'it did not end' : 'it broke off'}:\n${output}`));
  return results;
}

function failedFile(file, output) {
  return { name: 'the file as a whole', outcome: 'failed', file, output };
}

function twice(id) {
  return `${id} is the id of two checks`;
}

/** Ends the processes that a run left: a switch in the background leaves the process group of the file that started it. */
function endStrays(run) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${marker}=${run}`)) kill(Number(pid));
    } catch {
      // It has ended, or belongs to another user.
    }
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended already.
  }
}
