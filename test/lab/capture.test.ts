import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { captureOf, lab } from '../../src/lab/lab.ts';
import { writeCapture } from '../../src/lab/node/node.ts';
import { decodePcapng } from '../../src/wire/pcapng.ts';
import { broadcast } from './frames.ts';

it('a capture has each frame once for each link, with its time, its fate and its cause', async () => {
  using net = lab();
  const s1 = net.switch('s1');
  const [a, b, c] = [net.station('a', s1), net.station('b', s1), net.station('c', s1)];
  net.linkNamed('c-s1').silence();
  await net.run({ milliseconds: 2.5 });
  a.send(broadcast(3));
  await net.quiesce();
  expect([b.received.length, c.received.length]).toEqual([1, 0]);
  const capture = decodePcapng(captureOf(net));
  expect(capture?.interfaces.map(({ name }) => name)).toEqual(['a', 's1.2', 's1.3']);
  const start = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
  expect(capture?.packets.map((packet) => [packet.interface, packet.nanoseconds - start, packet.comment])).toEqual([
    [0, 2_500_000n, '#0 to s1.1: delivered'],
    [1, 2_550_000n, '#1 to b: delivered, because of #0'],
    [2, 2_550_000n, '#2 to c: lost: the link is silenced, because of #0'],
  ]);
});

it('an independent reader finds a ping in it, by the names of the ports', async (context) => {
  if (spawnSync('tshark', ['--version']).error !== undefined && process.env['CI'] === undefined) context.skip('tshark is not installed');
  using net = lab();
  const { hosts } = net.ring(3, { switch: { vlans: [5] }, host: { ipv6: true } });
  await net.run({ seconds: 5 });
  const [a, b] = hosts;
  await a?.ping(b ?? '');
  await a?.ping(b ?? '', { ipv6: true });
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-capture-'));
  try {
    const file = join(directory, 'run.pcapng');
    writeCapture(net, file);
    const read = (filter: string, ...names: string[]): string[] => {
      const fields = names.flatMap((name) => ['-e', name]);
      const text = execFileSync('tshark', ['-r', file, '-Y', filter, '-T', 'fields', '-E', 'separator=|', ...fields], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return text.toString().trimEnd().split('\n');
    };
    expect(read('icmp', 'frame.interface_name', 'icmp.type')).toEqual(['h1|8', 's1.1|8', 's2.3|8', 'h2|0', 's2.1|0', 's1.3|0']);
    expect(read('icmpv6.type == 129', 'frame.interface_name')).toEqual(['h2', 's2.1', 's1.3']);
    expect(read('_ws.malformed', 'frame.number')).toEqual(['']);
    expect(read('stp', 'frame.number').length).toBeGreaterThan(10);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
