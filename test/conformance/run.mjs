/**
 * Runs the black-box suite against a `vde_switch`: ours, and the original where it is installed, and tells where they differ. A
 * difference is a mistake of ours unless it is in `onPurpose`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const original = ['/usr/bin/vde_switch', '/usr/sbin/vde_switch', '/usr/local/bin/vde_switch'].find(existsSync);

/** What the original does not hold, and why ours does. */
const onPurpose = new Map([
  ['a port that is not to be had closes the stream', 'the original leaves its client waiting for ever'],
  ['frames: a jumbo frame passes whole', 'the original cuts it at 1,518 octets and forwards the rest'],
  ['daemon: it does not stay in the directory that it was started in', 'the original stays, and keeps it busy'],
  ['daemon: a pid file that is there is refused before the command returns', 'the original says 0, does not serve, and removes the file'],
]);

/** Test name -> passed, over all files. */
export async function conformance(vdeSwitch) {
  const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs'));
  const results = await Promise.all(files.map((file) => runFile(join(here, file), vdeSwitch)));
  return new Map(results.flatMap((result) => [...result]));
}

/** Runs ours, and the original beside it; prints the report and returns the counts. */
export async function runConformance() {
  const ours = await conformance(fileURLToPath(new URL('../../bin/vde_switch', import.meta.url)));
  const theirs = original ? await conformance(original) : undefined;
  if (!theirs && process.env.CI) throw new Error('no original vde_switch: apt-get install vde2');
  if (!theirs) console.log('conformance: the original vde_switch is not installed (apt-get install vde2): ours ran alone');
  let failed = 0;
  let alike = 0;
  for (const [name, passed] of ours) {
    const theirPass = theirs?.get(name);
    if (!passed) console.log(`conformance: ours fails: ${name}`);
    if (!passed || (theirPass === false && !onPurpose.has(name))) failed++;
    if (theirPass === false) console.log(`conformance: the original fails: ${name} (${onPurpose.get(name) ?? 'so the test is wrong'})`);
    if (passed && theirPass === true) alike++;
  }
  if (theirs) console.log(`conformance: ${alike} of ${ours.size} alike`);
  return { passed: ours.size - failed, failed, skipped: 0 };
}

function runFile(file, vdeSwitch) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, VDE_SWITCH: vdeSwitch, TAP_TIMEOUT: '300' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('close', () => {
      const results = new Map();
      for (const [, not, name] of output.matchAll(/^(not )?ok \d+ - (.*?)(?: # .*)?(?: \{)?$/gm)) results.set(name, not === undefined);
      if (results.size === 0) reject(new Error(`${file} ran no test:\n${output}`));
      if ([...results.values()].includes(false) && process.env.VERBOSE) console.log(output);
      resolve(results);
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed, skipped } = await runConformance();
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
