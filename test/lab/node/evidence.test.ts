import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { assertReaches, lab, viewOf, type RunView } from '../../../src/lab/lab.ts';
import { evidenceIn } from '../../../src/lab/node/node.ts';
import { unpackView, type PackedView } from '../../../src/page/packing.ts';
import { decodePcapng } from '../../../src/wire/pcapng.ts';

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-evidence-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

it('a failed assertion leaves a capture and a page, under a name of its own, and says where', async () => {
  const directory = join(newDirectory(), 'deep', 'evidence');
  using net = lab({ evidence: evidenceIn(directory) });
  const a = net.host('a', net.switch('s1'));
  const [first, second] = [join(directory, 'a-reaches-10.0.0.9'), join(directory, 'a-reaches-10.0.0.9-2')];
  await expect(assertReaches(a, '10.0.0.9', { timeout: 100 })).rejects.toThrow(`\nevidence: ${first}.pcapng, ${first}.html`);
  await expect(assertReaches(a, '10.0.0.9', { timeout: 100 })).rejects.toThrow(`\nevidence: ${second}.pcapng, ${second}.html`);
  expect(decodePcapng(new Uint8Array(readFileSync(`${second}.pcapng`)))?.interfaces).toEqual([{ name: 'a', linkType: 1 }]);
  expect(viewIn(`${second}.html`)).toEqual(viewOf(net, { title: 'a reaches 10.0.0.9' }));
});

it('a page shows the part of the run that was chosen, and what cannot be shown is said in its place', async () => {
  const directory = newDirectory();
  using net = lab();
  const a = net.host('a', net.switch('s1'));
  await a.ping('10.0.0.9', { timeout: 3000 });
  const keep = (nodes: string[]): string => evidenceIn(directory, { nodes, from: { seconds: 1 }, title: 'late' })(net, nodes.join('-'));
  expect(keep(['a'])).toBe(`${join(directory, 'a')}.pcapng, ${join(directory, 'a')}.html`);
  const view = viewIn(join(directory, 'a.html'));
  expect([view.title, view.frames.map(({ time }) => time)]).toEqual(['late', [1000, 2000]]);
  expect(keep(['b'])).toBe(`${join(directory, 'b')}.pcapng, none: there is no node b in this run; use some of: a, s1`);
  expect(() => evidenceIn(directory, { node: 'a' } as object)).toThrow('unknown option "node"; use one of: from, to, nodes, frames, title');
});

/** Returns the data of a page. */
function viewIn(path: string): RunView {
  const [, json = ''] = /<script type="application\/json" id="view">(.*)<\/script>/.exec(readFileSync(path, 'utf8')) ?? [];
  return unpackView(JSON.parse(json) as PackedView);
}

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
  expect(readdirSync(directory).length).toBeLessThanOrEqual(201);
  expect(keep(net, 'same')).toBe('none: 100 captures were kept already');
});
