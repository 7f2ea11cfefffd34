import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { assertReaches, lab } from '../../../src/lab/lab.ts';
import { evidenceIn } from '../../../src/lab/node/node.ts';
import { decodePcapng } from '../../../src/wire/pcapng.ts';

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-evidence-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

it('a failed assertion leaves a capture, under a name of its own, and says where', async () => {
  const directory = join(newDirectory(), 'deep', 'evidence');
  using net = lab({ evidence: evidenceIn(directory) });
  const a = net.host('a', net.switch('s1'));
  const [first, second] = [join(directory, 'a-reaches-10.0.0.9.pcapng'), join(directory, 'a-reaches-10.0.0.9-2.pcapng')];
  await expect(assertReaches(a, '10.0.0.9', { timeout: 100 })).rejects.toThrow(`\nevidence: ${first}`);
  await expect(assertReaches(a, '10.0.0.9', { timeout: 100 })).rejects.toThrow(`\nevidence: ${second}`);
  expect(decodePcapng(new Uint8Array(readFileSync(second)))?.interfaces).toEqual([{ name: 'a', linkType: 1 }]);
});

it('an assertion says why it failed where nothing can be written, and a hundred captures are enough', async () => {
  const directory = newDirectory();
  const file = join(directory, 'file');
  writeFileSync(file, '');
  using net = lab({ evidence: evidenceIn(join(file, 'evidence')) });
  const a = net.host('a', net.switch('s1'));
  await expect(assertReaches(a, '10.0.0.9', { timeout: 1 })).rejects.toThrow(
    /^expected: a reaches 10\.0\.0\.9[^]*\nevidence: none: .*ENOTDIR/,
  );
  const keep = evidenceIn(directory);
  for (let n = 0; n < 120; n++) keep(net, 'same');
  expect(readdirSync(directory).length).toBeLessThanOrEqual(101);
  expect(keep(net, 'same')).toBe('none: 100 captures were kept already');
});
