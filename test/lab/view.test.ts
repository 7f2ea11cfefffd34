import { expect, it } from 'vitest';
import { assertHasLease, lab, viewOf, type Network, type RunView } from '../../src/lab/lab.ts';
import { summarize } from '../../src/wire/wire.ts';
import { broadcast } from './frames.ts';

/** Returns the names of places. */
const names = ({ nodes }: RunView, places: readonly number[]): (string | undefined)[] => places.map((place) => nodes[place]?.name);

it('has each frame once for each link, with its nodes, its line, its fate and its cause', async () => {
  using net = lab();
  const s1 = net.switch('s1');
  const [a, b, c] = [net.station('a', s1), net.station('b', s1), net.host('c', s1)];
  net.linkNamed('c-s1').silence();
  await net.run({ milliseconds: 2.5 });
  a.send(broadcast(3));
  await net.quiesce();
  const view = viewOf(net, { title: 'x' });
  expect(view.nodes).toEqual([
    { name: 'a', kind: 'station', macs: ['02:00:00:00:00:01'] },
    { name: 'b', kind: 'station', macs: ['02:00:00:00:00:02'] },
    { name: 's1', kind: 'switch', macs: ['00:ff:00:00:00:01'] },
    { name: 'c', kind: 'host', macs: ['02:00:00:00:00:03'] },
  ]);
  const text = summarize(broadcast(3));
  const octets = broadcast(3).length;
  const [sent, flooded, lost] = view.frames.slice(-3);
  expect([sent, flooded]).toEqual([
    { number: sent?.number, time: 2.5, from: 0, to: 2, source: 'a', target: 's1.1', octets, text, fate: 'delivered' },
    {
      number: (sent?.number ?? 0) + 1,
      time: 2.55,
      from: 2,
      to: 1,
      source: 's1.2',
      target: 'b',
      octets,
      text,
      fate: 'delivered',
      cause: sent?.number,
    },
  ]);
  expect(lost).toMatchObject({ source: 's1.3', target: 'c', fate: 'lost: the link is silenced', cause: sent?.number });
  expect([b.received.length, c.received.length]).toEqual([1, 0]);
  expect([view.title, view.facts]).toEqual(['x', ['seed 1', 'ended at 2.6 ms']]);
  expect(JSON.parse(JSON.stringify(view))).toEqual(view);
});

it('has what was done to the network, from its place between the frames to its end, and whom it concerned', async () => {
  using net = lab();
  const { hosts, links } = net.ring(3);
  await net.run({ seconds: 10 });
  {
    using cut = links[0]?.cut();
    await net.run({ seconds: 1 });
    expect(cut).toBeDefined();
  }
  const before = net.fabric.trace.total;
  using parted = net.partition([[net.switchNamed('s1')], [net.switchNamed('s2'), net.hostNamed('h2')]]);
  const crash = net.switchNamed('s3').crash();
  crash[Symbol.dispose]();
  hosts[0]?.skew({ rate: 2 });
  const view = viewOf(net);
  expect(parted).toBeDefined();
  expect(view.faults.map(({ name, text, kind, groups }) => [name, text, kind, groups.map((group) => names(view, group))])).toEqual([
    ['f1', 'cut s1-s2', 'cut', [['s1'], ['s2']]],
    ['f2', 'partition s1 s2,h2', 'partition', [['s1'], ['s2', 'h2']]],
    ['f3', 'crash s3', 'crash', [['s3']]],
    ['f4', 'skew h1 rate 2 wall 0', 'skew', [['h1']]],
  ]);
  expect(view.faults.map(({ begins, ends }) => [begins.time, ends?.time])).toEqual([
    [10_000, 11_000],
    [11_000, undefined],
    [11_000, 11_000],
    [11_000, undefined],
  ]);
  // Frames that a switch sends when a carrier goes come behind that.
  expect(view.faults[1]?.begins.frame).toBe(before);
  expect(view.frames.filter(({ number }) => number >= before).length).toBeGreaterThan(0);
});

it('has the lines of programs, the lease of a host by the name of the server, and a server whose disk is full', async () => {
  using net = lab();
  const {
    hosts: [h0, h1],
  } = net.star(1, { dhcp: { diskLatency: 1 } });
  const full = net.servers[0]?.fillDisk();
  h1?.start(({ log }) => log('started'));
  await net.run({ seconds: 1 });
  full?.[Symbol.dispose]();
  if (h0) await assertHasLease(h0);
  const view = viewOf(net);
  expect(view.notes.map(({ time, node, text }) => [time, ...names(view, [node]), text])).toEqual([[0, 'h1', 'started']]);
  expect(view.nodes.find(({ name }) => name === 'master')?.macs).toEqual(['00:ff:00:00:00:01', '02:ff:00:00:00:01']);
  expect(view.frames.some(({ text }) => text.startsWith('02:ff:00:00:00:01 > ') && text.includes('DHCP ACK'))).toBe(true);
  expect(view.faults.map(({ text, groups }) => [text, groups.map((group) => names(view, group))])).toEqual([['full-disk 1', [['master']]]]);
});

async function busy(net: Network): Promise<void> {
  const {
    hosts: [a, b],
  } = net.ring(3, { switch: { fstp: false } });
  net.unlink(net.linkNamed('s3-s1'));
  for (let n = 0; n < 20; n++) await a?.ping(b ?? '');
}

it('is bounded, and says what it leaves out', async () => {
  using net = lab({ history: 100 });
  await busy(net);
  const { total } = net.fabric.trace;
  const all = viewOf(net);
  expect(all.frames).toHaveLength(100);
  expect(all.omissions).toEqual([net.fabric.trace.gap]);
  const view = viewOf(net, { frames: 10 });
  expect(view.frames.map(({ number }) => number)).toEqual(Array.from({ length: 10 }, (_, n) => total - 10 + n));
  expect(view.omissions).toEqual([net.fabric.trace.gap, '90 frames that came earlier are left out']);
  for (let n = 0; n < 3000; n++) net.linkNamed('s1-s2').silence()[Symbol.dispose]();
  const { faults, omissions } = viewOf(net);
  expect([faults.length, faults.at(-1)?.name, omissions.at(-1)]).toEqual([2000, 'f3000', '1000 earlier faults are left out']);
  for (let n = 0; n < 9000; n++) net.linkNamed('s1-s2').silence()[Symbol.dispose]();
  expect(viewOf(net).omissions).toContain('5001 earlier faults are forgotten');
  for (const frames of [0, 1.5, 100_001])
    expect(() => viewOf(net, { frames })).toThrow('the number of frames of a view must be an integer from 1 to 100000');
});

it('shows a span, and chosen nodes, also those that are gone', async () => {
  using net = lab();
  await busy(net);
  using silence = net.linkNamed('h3-s3').silence();
  using other = net.linkNamed('h2-s2').silence();
  expect([silence, other]).toHaveLength(2);
  net.remove(net.hostNamed('h1'));
  const all = viewOf(net);
  expect(all.nodes.at(-1)).toEqual({ name: 'h1', kind: 'station', macs: [] });
  const { nodes, frames, omissions } = viewOf(net, { nodes: ['h1', 's3'], from: { milliseconds: 1 }, to: { milliseconds: 3 } });
  const wanted = all.frames.filter(({ source, target, time }) => time >= 1 && time <= 3 && /\bh1\b|\bs3\./.test(`${source} ${target}`));
  expect(frames.map(({ number, text }) => [number, text])).toEqual(wanted.map(({ number, text }) => [number, text]));
  // Columns are those of the frames that are shown, and faults those of the columns.
  expect(nodes.map(({ name }) => name)).toEqual(['s1', 's3', 'h1']);
  const ofH3 = viewOf(net, { nodes: ['h3'] });
  expect([ofH3.nodes.map(({ name }) => name), ofH3.faults.map(({ text }) => text)]).toEqual([['h3', 's3'], ['silence h3-s3']]);
  expect(
    frames.every(({ from, to, source, target }) =>
      [nodes[from], nodes[to]].every((node, at) => [source, target][at]?.startsWith(node?.name ?? '?')),
    ),
  ).toBe(true);
  expect(wanted.length).toBeGreaterThan(5);
  expect(omissions).toEqual([`${all.frames.length - wanted.length} frames are outside the span or the nodes that were chosen`]);
  expect(() => viewOf(net, { nodes: ['h9'] })).toThrow('there is no node h9 in this run; use some of: ');
  expect(() => viewOf(net, { form: 5 } as object)).toThrow('unknown option "form"; use one of: from, to, nodes, frames, title');
  expect(() => viewOf(net, { from: 5 } as object)).toThrow('the value of the option from must be ');
});
