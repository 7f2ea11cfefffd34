import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadRawSocket, remedyFor } from '../../../src/ports/overlay/raw-socket.ts';
import { errnoOfText } from '../../../src/system/libc.ts';
import { newDirectory } from '../rig.ts';

/** Returns a module in a directory of its own, where the package has these files. */
function moduleBeside(files: Readonly<Record<string, string>>): string {
  const directory = newDirectory();
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, 'node_modules', 'raw-socket', name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }
  return pathToFileURL(join(directory, 'main.js')).href;
}

const main = 'module.exports = require("./build/Release/raw.node");';

describe('the package raw-socket', () => {
  it.each([
    ['is not installed', {}, 'which is not installed; '],
    ['is not built', { 'index.js': main }, 'which is not built; '],
    [
      'is built for another Node',
      { 'index.js': main, 'build/Release/raw.node': 'other' },
      `which is not built for this version of Node (${process.versions.node}); `,
    ],
  ])('is asked for in one sentence where it %s', (_, files, flaw) => {
    expect(() => loadRawSocket(moduleBeside(files))).toThrow(
      expect.objectContaining({
        code: 'missing-peer',
        message: `socket=raw-socket needs the npm package raw-socket, ${flaw}${remedyFor(process.versions.node)}`,
      }),
    );
  });

  it('is asked for with another version of nan where its own does not compile', () => {
    expect(remedyFor('22.11.0')).toMatch(/^run `npm install raw-socket` with a C\+\+ compiler, make and Python installed, or leave out/);
    expect(remedyFor('24.0.0')).toMatch(
      /^put "overrides": \{"raw-socket": \{"nan": "\^2\.30\.0"\}\} into your own package\.json, then run `npm/,
    );
  });

  it('has errors with names, by the texts of the C library', () => {
    expect(errnoOfText('Message too long')).toBe('EMSGSIZE');
    expect(errnoOfText('Resource temporarily unavailable')).toBe('EAGAIN');
    expect(errnoOfText('Operation not permitted')).toBe('EPERM');
    expect(errnoOfText('Invalid IP address')).toBeUndefined();
  });
});
