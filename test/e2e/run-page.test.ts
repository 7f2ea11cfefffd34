import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lab, type LabHost, type Network } from '../../src/lab/lab.ts';
import { writePage } from '../../src/lab/node/node.ts';
import { summarize } from '../../src/wire/wire.ts';
import { Browser } from './browser.ts';
import { missing } from './peers.ts';
import { brightness, readPng } from './png.ts';
import { useStage } from './stage.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const wicked = `</script><img src=x onerror="document.title='caught'">`;

/** Two switches, a cut between them, a host that crashes, and a program that says something wicked. */
async function eventful(): Promise<Network> {
  const net = lab({ seed: 5 });
  const [s1, s2] = [net.switch('s1'), net.switch('s2')];
  const link = net.link(s1, s2, { latency: 1 });
  const [a, b] = [net.host('a', s1), net.host('b', s2)];
  await a.ping(b);
  a.startPing(b, () => undefined, { timeout: 500 });
  await net.run({ milliseconds: 0.5 });
  {
    using cut = link.cut();
    await a.ping(b, { timeout: 500 });
    expect(cut).toBeDefined();
  }
  a.start(({ log }) => log(wicked));
  using down = b.crash();
  await net.run({ seconds: 2 });
  expect(down).toBeDefined();
  await a.ping('10.0.0.9', { timeout: 2000 });
  return net;
}

describe('the page of a run, in Chromium', { timeout: 60_000 }, () => {
  const needs = ['chromium'];
  const stage = useStage(needs, { shared: true });
  let browser: Browser;
  let net: Network;
  let file: string;

  beforeAll(async () => {
    if (missing(needs) !== undefined) return;
    net = await eventful();
    file = stage.path('run.html');
    writePage(net, file, { title: `a reaches b ${wicked}` });
    browser = await Browser.start(stage, { width: 1400, height: 1500 });
  }, 90_000);
  afterAll(async () => {
    if (missing(needs) === undefined) await browser.end();
  });

  const open = (path = file): Promise<void> => browser.open(`file://${path}`);
  const boxOf = (selector: string): Promise<Box> =>
    browser.value(`document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect().toJSON()`);
  const centre = async (selector: string): Promise<{ x: number; y: number }> => {
    const { x, y, width, height } = await boxOf(selector);
    return { x: x + width / 2, y: y + height / 2 };
  };
  const numbers = (selector: string): Promise<number[]> =>
    browser.value(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((row) => Number(row.dataset.number))`);
  const text = (selector: string): Promise<string> =>
    browser.value(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);
  const clickOn = async (selector: string): Promise<void> => {
    const { x, y } = await centre(selector);
    await browser.click(x, y);
  };
  const hops = () => [...net.fabric.trace.hops()];
  /** Returns the last frame that came of another one, of a node. */
  const reply = () =>
    hops().findLast(({ lane, fate, frame }) => lane.target === 'a' && fate === 'delivered' && summarize(frame).includes('echo reply'));

  it('asks for nothing but itself, has nothing to complain of, and shows what is in a text as text', async () => {
    await open();
    expect(browser.requests).toEqual([`file://${file}`]);
    expect(browser.complaints).toEqual([]);
    expect(await text('h1')).toBe(`a reaches b ${wicked}`);
    expect(await browser.value('document.images.length')).toBe(0);
    expect(await browser.value('document.title')).toBe(`a reaches b ${wicked}`);
    // A request that a script made would be refused.
    const refused = browser.value(`fetch('data:,x').then(() => 'fetched', () => 'refused')`);
    expect(await refused).toBe('refused');
    browser.complaints.length = 0;
  });

  it('has a column for each node, and arrows from the line of who sends to the line of who receives, in the order of time', async () => {
    await open();
    const names = ['a', 's1', 'b', 's2'];
    const columns = new Map<string, number>();
    for (const [at, name] of names.entries()) {
      expect(await text(`.head .node:nth-of-type(${at + 1})`)).toBe(name);
      columns.set(name, (await centre(`.head .node:nth-of-type(${at + 1})`)).x);
    }
    const spots = [...columns.values()];
    expect(spots).toEqual(spots.toSorted((x, y) => x - y));
    expect(
      await browser.value('[...document.querySelectorAll(".lifeline")].map((line) => Math.round(line.getBoundingClientRect().x))'),
    ).toHaveLength(4);
    let last = 0;
    for (const { number, lane, fate } of hops().slice(0, 12)) {
      const row = `.row[data-number="${number}"]`;
      const [start, head, box] = [
        await centre(`${row} .start`),
        await boxOf(`${row} .head, ${row} .sign, ${row} .missing`),
        await boxOf(row),
      ];
      const [from = 0, to = 0] = [lane.source, lane.target].map((port) => columns.get(port.split('.')[0] ?? ''));
      expect(Math.abs(start.x - from), `${number} ${fate}`).toBeLessThan(2);
      expect(Math.min(Math.abs(head.x - to), Math.abs(head.x + head.width - to)), `${number} ${fate}`).toBeLessThan(8);
      expect(box.y).toBeGreaterThan(last);
      last = box.y;
    }
  });

  it('shows the chain of causes of the frame under the pointer, and what the frame says', async () => {
    await open();
    const hop = reply();
    const chain = net.fabric.trace.pathTo(hop?.number ?? -1).map(({ number }) => number);
    expect(chain.length).toBeGreaterThan(4);
    const { x, y } = await centre(`.row[data-number="${hop?.number}"] .says`);
    await browser.point(x, y);
    expect(await numbers('.row.in-chain')).toEqual(chain);
    expect(await numbers('.row.current')).toEqual([hop?.number]);
    expect(await numbers('.inspector .chain button')).toEqual(chain);
    expect(await text('.inspector .decode')).toBe(summarize(hop?.frame ?? new Uint8Array(0)));
    expect(await text('.inspector h2')).toBe(`Frame #${hop?.number}`);
    // Along each arrow, and down each line between two.
    expect(await browser.value('document.querySelectorAll(".paths .cause").length')).toBe(2 * chain.length - 1);
  });

  it('goes from frame to frame, to causes and to what came of them, by keys alone', async () => {
    await open();
    const hop = reply();
    const chain = net.fabric.trace.pathTo(hop?.number ?? -1).map(({ number }) => number);
    const current = async (): Promise<number | undefined> => (await numbers('.row.current'))[0];
    await browser.value('document.querySelector(".chart").focus()');
    for (let n = 0; n <= (hop?.number ?? 0) && (await current()) !== hop?.number; n++) await browser.press('ArrowDown');
    expect(await numbers('.row.in-chain')).toEqual(chain);
    expect(
      await browser.value('document.activeElement.getAttribute("aria-activedescendant") === document.querySelector(".row.current").id'),
    ).toBe(true);
    await browser.press('ArrowLeft');
    expect(await current()).toBe(chain.at(-2));
    await browser.press('ArrowRight');
    expect(await current()).toBe(hop?.number);
    await browser.press('Home');
    expect(await current()).toBe(0);
    await browser.press('Escape');
    expect(await current()).toBeUndefined();
  });

  it('shows the frames of a node that is chosen, losses with their reason, and what has words in it', async () => {
    await open();
    await clickOn('.toggle.node[data-name="b"]');
    const ofB = hops().filter(({ lane }) => [lane.source, lane.target].includes('b'));
    expect(await numbers('.row.frame')).toEqual(ofB.map(({ number }) => number));
    expect(await browser.value('[...document.querySelectorAll(".head .node")].map((node) => node.textContent)')).toEqual(['b']);
    expect(await text('.status')).toBe(`${ofB.length} of ${net.fabric.trace.total} frames`);
    expect(await text('.row.frame .stub')).toBe('s2.2');
    await clickOn('.clear');
    await clickOn('.toggle.losses');
    const lost = hops().filter(({ fate }) => /^(?:lost|dropped)/.test(fate));
    expect(lost.map(({ fate }) => fate)).toContain('lost: the link was cut');
    expect(await numbers('.row.frame')).toEqual(lost.map(({ number }) => number));
    expect(await browser.value('[...document.querySelectorAll(".row .fate")].map((fate) => fate.textContent)')).toEqual(
      lost.map(({ fate }) => fate),
    );
    await clickOn('.clear');
    await browser.press('/');
    await browser.type('echo reply');
    expect(await numbers('.row.frame')).toEqual(
      hops().flatMap(({ number, frame }) => (summarize(frame).includes('echo reply') ? [number] : [])),
    );
  });

  it('shows faults from their beginning to their end, nodes that are dead, and what programs said', async () => {
    await open();
    const rows = await browser.value<string[]>('[...document.querySelectorAll(".row.fault .says")].map((says) => says.textContent)');
    expect(rows).toEqual(['f1cut s1-s2', 'f1cut s1-s2 ends', 'f2crash b', 'f2crash b ends']);
    const [begins, ends] = [await centre('.row.fault.begins'), await centre('.row.fault.ends')];
    const bar = await boxOf('.lines .bar');
    expect([bar.y, bar.y + bar.height].map(Math.round)).toEqual([begins.y, ends.y].map(Math.round));
    const [dead, column] = [await centre('.dead'), await centre('.lifeline:nth-of-type(3)')];
    expect(Math.abs(dead.x - column.x)).toBeLessThan(2);
    expect(await text('.row.note .content')).toBe(wicked);
    expect(await browser.value('document.title')).not.toBe('caught');
  });

  it.each(['light', 'dark'] as const)('is drawn in %s colours', async (scheme) => {
    await open();
    await browser.prefer(scheme);
    const { x, y } = await centre('.row.frame .shaft');
    const picture = readPng(await browser.screenshot());
    const [paper, ink] = [picture.at(3, 3), picture.at(x, y)].map(brightness) as [number, number];
    expect(scheme === 'light' ? paper > 230 && ink < 170 : paper < 50 && ink > 100, `${paper} ${ink}`).toBe(true);
    const colours = new Set(Array.from({ length: picture.height }, (_, line) => picture.at(x, line)));
    expect(colours.size).toBeGreaterThan(8);
  });

  it('stays small with tens of thousands of frames, says what is left out, and shows the last one', async () => {
    const big = lab({ history: 40_000 });
    const { hosts } = big.tree({ depth: 3, fanout: 2, hosts: 2 });
    const [first] = hosts as [LabHost];
    while (big.fabric.trace.total < 41_000) for (const host of hosts.slice(1)) await first.ping(host);
    const path = stage.path('big.html');
    writePage(big, path, { frames: 30_000 });
    await open(path);
    expect(await text('.status')).toBe('30\u2009000 frames');
    expect(await text('.omissions')).toMatch(/^40000 of \d+ frames are remembered, .*10000 frames that came earlier are left out$/);
    await browser.value('document.querySelector(".chart").focus()');
    await browser.press('End');
    expect(await numbers('.row.current')).toEqual([big.fabric.trace.total - 1]);
    expect(await browser.value('document.querySelectorAll(".row").length')).toBeLessThan(100);
    const { y } = await boxOf('.row.current');
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(1500);
    const node = first.name;
    await clickOn(`.toggle.node[data-name="${node}"]`);
    expect(await browser.value('document.querySelectorAll(".row").length')).toBeLessThan(100);
    expect(await browser.value('[...document.querySelectorAll(".head .node")].map((one) => one.textContent)')).toEqual([node]);
    expect(browser.complaints).toEqual([]);
  });
});
