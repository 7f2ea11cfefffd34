import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeText } from '../../src/dhcp/options.ts';
import { encodePcap } from '../../src/wire/pcap.ts';
import { clientFrame, identifier, ip, message, requested, Segment, seconds, toServer } from './segment.ts';

const absent = spawnSync('tshark', ['--version']).error !== undefined;

test('an independent decoder reads all replies, with every checksum good and nothing to complain about', (context) => {
  if (absent && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const segment = new Segment({
    router: ip('10.77.0.1'),
    dns: [ip('10.77.0.2'), ip('10.77.0.3')],
    domain: 'lab.test',
    search: ['lab.test', 'example.test'],
    mtu: 1450,
    routes: [{ network: { address: ip('10.99.0.0'), prefixLength: 16 }, router: ip('10.77.0.1') }],
    rawOptions: [{ code: 252, value: encodeText('x'.repeat(300)) }],
  });
  const wishes = { 55: Uint8Array.of(3, 1, 6, 15, 26, 28, 119, 121, 252), 57: Uint8Array.of(5, 192), ...identifier(0, 1, 2, 3) };
  segment.frame(clientFrame(message('discover', { with: { ...wishes, ...requested(ip('10.77.0.55')) } })));
  segment.frame(clientFrame(message('request', { with: { ...wishes, ...requested(ip('10.77.0.55')), ...toServer(), ...seconds(600) } })));
  segment.frame(clientFrame(message('request', { with: requested(ip('192.168.1.5')) })));
  segment.frame(clientFrame(message('inform', { ciaddr: ip('10.77.0.55') })));
  const fields = [
    'dhcp.option.dhcp',
    'dhcp.ip.your',
    'dhcp.option.type',
    'dhcp.option.ip_address_lease_time',
    'ip.checksum.status',
    'udp.checksum.status',
  ];
  // How the end is told differs between its versions.
  const lines = tshark(segment.sent, [...fields, '_ws.malformed', '_ws.expert.severity']).map((line) => line.replace(/(,(0|255))+\|/, '|'));
  expect(lines).toEqual([
    '2|10.77.0.55|53,54,51,58,59,1,3,6,15,26,28,119,121,252,252,61|3600|1|1||',
    '5|10.77.0.55|53,54,51,58,59,1,3,6,15,26,28,119,121,252,252,61|600|1|1||',
    '6|0.0.0.0|53,54,56||1|1||',
    '5|0.0.0.0|53,54,1,3,6,15,28||1|1||',
  ]);
});

function tshark(sent: readonly Uint8Array[], fields: readonly string[]): string[] {
  const records = sent.map((frame) => ({ seconds: 0, microseconds: 0, originalLength: frame.length, frame }));
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-tshark-'));
  try {
    const file = join(directory, 'replies.pcap');
    writeFileSync(file, encodePcap({ linkType: 1, records }));
    const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];
    const args = ['-r', file, ...checks, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])];
    return execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trimEnd()
      .split('\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
}
