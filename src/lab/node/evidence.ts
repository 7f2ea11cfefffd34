import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { makeDirectory } from '../../system/make-directory.ts';
import { captureOf } from '../capture.ts';
import type { Network } from '../network.ts';

/** So many captures are kept by one process: a test that fails in a loop does not fill the disk. */
const maxKept = 100;
const longestName = 60;

let kept = 0;

/** Writes what the network remembers of its run to a file, as `captureOf` has it. Throws the system's error when that cannot be. */
export function writeCapture(net: Network, path: string): void {
  writeFileSync(path, captureOf(net));
}

/**
 * Keeps a capture of each failed assertion in a directory, which is made: `lab({ evidence: evidenceIn('evidence') })`. A hundred are
 * kept by one process. What cannot be written is said in place of the path: the assertion tells why it failed all the same.
 */
export function evidenceIn(directory: string): (net: Network, name: string) => string {
  return (net, name) => {
    if (kept >= maxKept) return `none: ${maxKept} captures were kept already`;
    try {
      makeDirectory(directory);
      const path = freePath(directory, name);
      writeCapture(net, path);
      kept++;
      return path;
    } catch (error) {
      return `none: ${error instanceof Error ? messageOf(error) : String(error)}`;
    }
  };
}

function freePath(directory: string, name: string): string {
  const words = name.replace(/[^A-Za-z0-9.]+/g, '-').slice(0, longestName);
  let path = join(directory, `${words}.pcapng`);
  for (let n = 2; existsSync(path); n++) path = join(directory, `${words}-${n}.pcapng`);
  return path;
}
