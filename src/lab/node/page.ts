import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { pageOf, type Inset, type PageParts } from '../../page/page.ts';
import { packageFile } from '../../system/own-package.ts';
import type { Network } from '../network.ts';
import { viewOf, type ViewOptions } from '../view.ts';

let parts: PageParts | undefined;

/**
 * Writes the remembered part of a network's run to a file of HTML for a browser: it needs no other file and no network. Throws the system's
 * error if that fails, and EtherloomError('bad-option') if a node is not known.
 */
export function writePage(net: Network, path: string, options: ViewOptions = {}): void {
  parts ??= { script: inset('browser.js'), style: inset('browser.css') };
  writeFileSync(path, pageOf(viewOf(net, options), parts));
}

/** Returns the script or the style of the page, which the build has made. */
function inset(name: string): Inset {
  const text = readFileSync(packageFile(`build/page/${name}`), 'utf8');
  return { text, sha256: createHash('sha256').update(text).digest('base64') };
}
