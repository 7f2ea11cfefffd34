import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import { captureOf } from '../capture.ts';
import type { Network } from '../network.ts';
import { type ViewOptions, viewWords } from '../view.ts';
import { checkOptions } from '../words.ts';
import { writePage } from './page.ts';

/** The most runs for which one process keeps a capture and a page, so that a test that fails in a loop does not fill the disk. */
const maxKept = 100;
const longestName = 60;

let kept = 0;

/**
 * Writes the remembered part of a network's run to a file, as `captureOf` has it. Throws the system's error if that fails.
 *
 * @example
 * ```ts
 * import { lab } from 'etherloom/lab';
 * import { writeCapture } from 'etherloom/lab/node';
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * await net.host('a', s1).ping(net.host('b', s1));
 * writeCapture(net, 'ping.pcapng'); // for Wireshark
 * ```
 */
export function writeCapture(net: Network, path: string): void {
  writeFileSync(path, captureOf(net));
}

/**
 * Returns a function that keeps a capture and a page of each failed assertion in a directory, which it creates: `lab({ evidence:
 * evidenceIn('evidence') })`. One process keeps a hundred of each. `page` selects the part of the run for the page; the capture has all of
 * it. If a file cannot be written, the reason is reported in place of its path, beside the reason of the failure. Throws
 * EtherloomError('bad-option') if an option is not known.
 *
 * @example
 * ```ts
 * import { assertReaches, lab } from 'etherloom/lab';
 * import { evidenceIn } from 'etherloom/lab/node';
 *
 * using net = lab({ evidence: evidenceIn('evidence') });
 * const a = net.host('a', net.switch('s1'));
 * const failure = await assertReaches(a, net.host('b', net.switch('s2'))).then(() => '', String);
 * console.log(failure.split('\n').at(-1)); // evidence: evidence/a-reaches-b.pcapng, evidence/a-reaches-b.html
 * ```
 */
export function evidenceIn(directory: string, page: ViewOptions = {}): (net: Network, name: string) => string {
  checkOptions(page, viewWords);
  return (net, name) => {
    if (kept >= maxKept) return `none: ${maxKept} captures were kept already`;
    const base = freePath(directory, name);
    const capture = written(`${base}.pcapng`, (path) => {
      makeDirectory(directory);
      writeCapture(net, path);
    });
    if (capture.startsWith(none)) return capture;
    kept++;
    const drawn = written(`${base}.html`, (path) => writePage(net, path, { title: name, ...page }));
    return `${capture}, ${drawn}`;
  };
}

const none = 'none: ';

/** Returns the path, or why the file could not be written. */
function written(path: string, write: (path: string) => void): string {
  try {
    write(path);
    return path;
  } catch (error) {
    return `${none}${messageOf(error)}`;
  }
}

/** Returns an unused path without its ending. */
function freePath(directory: string, name: string): string {
  const words = name.replace(/[^A-Za-z0-9.]+/g, '-').slice(0, longestName);
  let path = join(directory, words);
  for (let n = 2; existsSync(`${path}.pcapng`); n++) path = join(directory, `${words}-${n}`);
  return path;
}
