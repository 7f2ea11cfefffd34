/** The observers of frames: captures, mirrors, and the plugins. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { encodeIpv4, ipProtocols, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { newDirectory } from '../ports/rig.ts';
import { testFrame } from '../switch/test-switch.ts';
import { ConsoleStage, MemoryFiles, type StageSession } from './console-stage.ts';
import { user } from '../user.ts';

const success = ['1000 Success'];
const hasNoTshark = spawnSync('tshark', ['--version']).error !== undefined && process.env['CI'] === undefined;

let stage: ConsoleStage;
let console: StageSession;
beforeEach(() => {
  stage = new ConsoleStage();
  console = stage.session();
  for (const port of [1, 2, 3]) stage.plug(port, { peer: user(1000), description: `station ${port}` });
});
afterEach(() => stage[Symbol.dispose]());

/** Returns a packet of 10.0.0.`from` to all. */
function packetFrom(from: number): Uint8Array {
  const addresses = { source: ipv4FromNumber(0x0a00_0000 + from), destination: ipv4FromNumber(0xffff_ffff) };
  const payload = encodeIpv4({ ...addresses, protocol: ipProtocols.udp, payload: new Uint8Array(8) });
  return encodeEthernet({ destination: broadcastMac, source: macFromNumber(0x0200_0000_0000 + from), etherType: etherTypes.ipv4, payload });
}

/** Fields of each frame in a file that was written, as tshark reads them. */
function decoded(written: Uint8Array | undefined, ...fields: string[]): string[] {
  const path = join(newDirectory(), 'capture');
  writeFileSync(path, written ?? '');
  const args = ['-r', path, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])];
  return execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trimEnd()
    .split('\n');
}

describe('a capture', () => {
  it('holds what passed its port, each way, for any program to read', (context) => {
    if (hasNoTshark) context.skip('tshark is not installed');
    expect(console.say('capture/start 1 /file')).toEqual(success);
    stage.receive(1, testFrame({ from: 1 }));
    stage.receive(2, testFrame({ from: 2, to: 1 }));
    stage.receive(2, testFrame({ from: 2, to: 3 }));
    stage.receive(3, testFrame({ from: 3, to: 2 }));
    expect(console.ask('capture/print')).toEqual(['Port 1 to /file, 3 frames']);
    expect(console.say('capture/stop 1')).toEqual(success);
    stage.receive(1, testFrame({ from: 1 }));
    expect(decoded(stage.files.written('/file'), 'frame.interface_name', 'frame.packet_flags_direction', 'eth.src')).toEqual([
      'port 1|0x00000001|02:00:00:00:00:01',
      'port 1|0x00000002|02:00:00:00:00:02',
      'port 1|0x00000002|02:00:00:00:00:02',
    ]);
    expect(stage.files.opened).toBe(0);
    expect(stage.taps.active).toBe(false);
  });

  it('is one a port, of a port that is there, in a file that can be written', () => {
    stage.files.refusals.set('/secret', 'EACCES');
    for (const [line, status] of [
      ['capture/start 1 /one', '1000 Success'],
      ['capture/start 1 /two', '1017 File exists'],
      ['capture/start 9 /two', '1006 No such device or address'],
      ['capture/start 2 /secret', '1013 Permission denied'],
      ['capture/start 2', '1022 Invalid argument'],
      ['capture/start', '1022 Invalid argument'],
      ['capture/stop 2', '1002 No such file or directory'],
    ] as const)
      expect(console.say(line), line).toEqual([status]);
    expect(stage.files.opened).toBe(1);
  });
});

describe('a mirror', () => {
  it('shows at one port what passes another, each way, and tells nobody there', () => {
    expect(console.say('mirror/add 1 9')).toEqual(['1006 No such device or address']);
    stage.plug(9);
    console.say('vlan/create 5');
    console.say('port/setvlan 9 5');
    expect(console.say('mirror/add 1 9')).toEqual(success);
    expect(console.say('mirror/add 1 9')).toEqual(['1017 File exists']);
    expect(console.say('mirror/add 1 1')).toEqual(['1022 Invalid argument']);
    const frame = testFrame({ from: 1 });
    expect(stage.receive(1, frame)).toEqual([9, 2, 3].map((port) => ({ port, frame })));
    expect(stage.receive(2, testFrame({ from: 2, to: 1 })).map(({ port }) => port)).toEqual([9, 1]);
    expect(stage.receive(2, testFrame({ from: 2, to: 3 })).map(({ port }) => port)).not.toContain(2);
    expect(console.ask('mirror/print')).toEqual(['Port 1 to port 9']);
    expect(console.say('mirror/del 1')).toEqual(success);
    expect(stage.receive(1, frame).map(({ port }) => port)).toEqual([2, 3]);
    expect(stage.taps.active).toBe(false);
  });

  it('of a mirror ends at once, also where two show each other', () => {
    for (const line of ['mirror/add 1 2', 'mirror/add 2 1', 'mirror/add 2 3', 'mirror/add 3 1']) expect(console.say(line)).toEqual(success);
    expect(stage.receive(1, testFrame({ from: 1 })).length).toBe(6);
    expect(console.say('mirror/del 2 3')).toEqual(success);
    expect(console.say('mirror/del 2 3')).toEqual(['1002 No such file or directory']);
    expect(console.say('mirror/del 9')).toEqual(['1002 No such file or directory']);
    expect(console.ask('mirror/print')).toEqual(['Port 1 to port 2', 'Port 2 to port 1', 'Port 3 to port 1']);
  });

  it('outlives its ports, and shows nothing where nobody is', () => {
    console.say('mirror/add 1 2');
    stage.ports.at(2)?.[0]?.close();
    expect(stage.receive(1, testFrame({ from: 1 })).map(({ port }) => port)).toEqual([3]);
    expect(console.say('port/remove 2')).toEqual(success);
    expect(stage.receive(1, testFrame({ from: 1 })).map(({ port }) => port)).toEqual([3]);
  });

  it('at a quiet port shows all, and hears nothing: what comes from there is dropped, counted, and not learned from', () => {
    stage.plug(9);
    const speak = (): number[] => stage.receive(9, testFrame({ from: 9 })).map(({ port }) => port);
    expect(speak()).toEqual([1, 2, 3]);
    expect(console.say('mirror/add 1 9 quiet')).toEqual(success);
    expect(console.ask('hash/print')).toEqual([]);
    expect(console.ask('mirror/print')).toEqual(['Port 1 to port 9 quiet']);
    expect(stage.receive(1, testFrame({ from: 1, to: 2 })).map(({ port }) => port)).toContain(9);
    expect(speak()).toEqual([]);
    expect(console.ask('hash/print').filter((line) => line.includes('02:00:00:00:00:09'))).toEqual([]);
    expect(console.ask('port/drops 9')[0]).toBe('Port 0009 quiet=1');
    expect(console.ask('port/print 9')).toContain(' Condition: quiet');
    expect(console.ask(`trace 9 ${Buffer.from(testFrame({ from: 9 })).toString('hex')}`)).toEqual(['drop (quiet)']);
    expect(console.say('mirror/del 1 9')).toEqual(success);
    expect(speak()).toEqual([1, 2, 3]);
  });

  it('leaves its port quiet as long as any mirror says so, and no longer', () => {
    const quiet = (): boolean | undefined => stage.switch.port(3)?.quiet;
    for (const line of ['mirror/add 1 3 quiet', 'mirror/add 2 3']) expect(console.say(line)).toEqual(success);
    expect(console.say('mirror/add 2 3 quiet')).toEqual(['1017 File exists']);
    console.say('mirror/del 2');
    expect(quiet()).toBe(true);
    console.say('mirror/add 2 3 quiet');
    console.say('mirror/del 1');
    expect(quiet()).toBe(true);
    stage.ports.at(2)?.[0]?.close();
    expect(quiet()).toBe(true);
    console.say('port/remove 2');
    expect([quiet(), stage.taps.active]).toEqual([false, false]);
  });

  it('ends with the quiet port, whose number is an ordinary one then', () => {
    console.say('mirror/add 1 3 quiet');
    stage.ports.at(3)?.[0]?.close();
    expect(console.say('port/remove 3')).toEqual(success);
    stage.plug(3);
    expect([stage.switch.port(3)?.quiet, console.ask('mirror/print')]).toEqual([false, []]);
  });

  it.each(['1 2 loud', '1 2 quiet please', '1 2quiet', '1 quiet', 'quiet'])('refuses %j', (argument) => {
    expect(console.say(`mirror/add ${argument}`)).toEqual(['1022 Invalid argument']);
    expect(console.ask('mirror/print')).toEqual([]);
  });
});

describe('a plugin', () => {
  it('is added once, by its name, and taken out by the beginning of that', () => {
    expect(console.say('plugin/list')).toContain('1002 No such file or directory');
    expect(console.say('plugin/add')).toEqual(['1022 Invalid argument']);
    expect(console.say('plugin/add none')).toEqual(['1002 No such file or directory']);
    expect(console.say('dump/active 1')).toEqual(['1038 Function not implemented']);
    expect(console.say('plugin/add dump')).toEqual(success);
    expect(console.say('plugin/add dump')).toEqual(['1017 File exists']);
    expect(console.ask('plugin/list').at(-1)).toMatch(/^dump /);
    expect(console.ask('help dump').at(-1)).toMatch(/^dump\/active/);
    expect(console.say('plugin/del d')).toEqual(success);
    expect(console.say('plugin/del d')).toEqual(['1002 No such file or directory']);
    expect(console.say('dump/active 1')).toEqual(['1038 Function not implemented']);
  });

  it('that is taken out looks at nothing any more, and closes its files', () => {
    for (const line of ['plugin/add dump', 'dump/active 1', 'plugin/add pdump', 'pdump/active 1', 'plugin/add iplog', 'iplog/logfile /log'])
      expect(console.say(line).at(-1), line).toBe('1000 Success');
    expect([stage.taps.active, stage.files.opened]).toEqual([true, 2]);
    for (const name of ['dump', 'pdump', 'iplog']) console.say(`plugin/del ${name}`);
    expect([stage.taps.active, stage.files.opened]).toEqual([false, 0]);
    expect(console.say('debug/list dump').at(-1)).toBe('1002 No such file or directory');
  });
});

describe('dump', () => {
  it('tells each frame as it comes in and goes out', () => {
    for (const line of ['plugin/add dump', 'dump/active 1', 'debug/add dump']) console.say(line);
    console.shown = '';
    stage.receive(1, testFrame({ from: 1, to: 2, text: '' }));
    const octets = '02 00 00 00 00 02 02 00 00 00 00 01 88 b5 ';
    const tell = (tag: string, port: number): string => `3${tag} Pkt: Port 000${port} len=0014 ${octets}\n`;
    expect(console.shown).toBe(tell('101 dump/packetin', 1) + tell('102 dump/packetout', 2) + tell('102 dump/packetout', 3));
    console.say('dump/active 0');
    console.shown = '';
    stage.receive(1, testFrame({ from: 1 }));
    expect(console.shown).toBe('');
  });
});

describe('pdump', () => {
  it('writes all frames to a file that any program reads', (context) => {
    if (hasNoTshark) context.skip('tshark is not installed');
    console.say('plugin/add pdump');
    expect(console.ask('pdump/filename /cap')).toEqual(['dumpfile=/cap']);
    expect(console.say('pdump/active 1').at(-1)).toBe('1000 Success');
    expect(console.say('pdump/active 1').at(-1)).toBe('1017 File exists');
    stage.receive(1, testFrame({ from: 1, to: 2 }));
    stage.clock.advance(1_500);
    stage.receive(2, testFrame({ from: 2, to: 1 }));
    console.say('pdump/active 0');
    stage.receive(2, testFrame({ from: 2, to: 1 }));
    expect(decoded(stage.files.written('/cap'), 'frame.time_relative', 'eth.src')).toEqual([
      ...Array.from({ length: 3 }, () => '0.000000000|02:00:00:00:00:01'),
      ...Array.from({ length: 2 }, () => '1.500000000|02:00:00:00:00:02'),
    ]);
  });
});

describe('the file of pdump', () => {
  it('is opened for whoever named it, and for nobody else: or he could name one that is not his', () => {
    const alice = stage.session({ files: new MemoryFiles('alice') });
    alice.say('plugin/add pdump');
    alice.say('pdump/filename /etc/passwd');
    expect(console.say('pdump/active 1').at(-1)).toBe('1001 Operation not permitted');
    expect(stage.files.written('/etc/passwd')).toBeUndefined();
    console.say('pdump/filename /mine');
    expect(alice.say('pdump/active 1').at(-1)).toBe('1001 Operation not permitted');
    expect(console.say('pdump/active 1').at(-1)).toBe('1000 Success');
  });

  it('that takes nothing is none', () => {
    stage.files.full.add('/full');
    for (const line of ['plugin/add pdump', 'pdump/filename /full']) console.say(line);
    expect(console.say('pdump/active 1').at(-1)).toBe('1005 Input/output error');
    expect(console.say('capture/start 1 /full')).toEqual(['1005 Input/output error']);
    expect([console.ask('capture/print'), stage.files.opened]).toEqual([[], 0]);
  });
});

describe('what watches a port', () => {
  it('ends with it: whoever gets the number next is somebody else', () => {
    for (const line of ['port/create 8', 'port/create 9', 'mirror/add 8 9', 'mirror/add 1 9', 'mirror/add 1 2', 'capture/start 9 /cap'])
      expect(console.say(line)).toEqual(success);
    expect(console.say('port/remove 9')).toEqual(success);
    expect([console.ask('mirror/print'), console.ask('capture/print'), stage.files.opened]).toEqual([['Port 1 to port 2'], [], 0]);
  });

  it('ends with its file', () => {
    console.say('capture/start 1 /cap');
    stage.files.full.add('/cap');
    stage.receive(1, testFrame({ from: 1 }));
    expect([console.ask('capture/print'), stage.files.opened]).toEqual([[], 0]);
  });
});

describe('iplog', () => {
  beforeEach(() => void console.say('plugin/add iplog'));

  it('notes the addresses of its ranges, where they are and where they move to', () => {
    console.say('iplog/ipadd 10.0.0.0/24');
    console.say('iplog/logfile /log');
    console.say('debug/add iplog');
    console.shown = '';
    stage.receive(1, packetFrom(1));
    stage.receive(1, packetFrom(1));
    stage.receive(2, packetFrom(2));
    stage.receive(2, packetFrom(1));
    stage.receive(2, packetFrom(0x1_0001));
    const noted = [
      'ipv4 10.0.0.1 mac=02:00:00:00:00:01 port=1 vlan=0 user=alice "station 1"',
      'ipv4 10.0.0.2 mac=02:00:00:00:00:02 port=2 vlan=0 user=alice "station 2"',
      'ipv4 10.0.0.1 mac=02:00:00:00:00:01 port=2 vlan=0 user=alice "station 2"',
    ];
    expect(console.shown).toBe(noted.map((line) => `3301 iplog/newip ${line}\n`).join(''));
    expect(new TextDecoder().decode(stage.files.written('/log'))).toBe(noted.map((line) => `Nov 24 06:20:01 ${line}\n`).join(''));
    expect(console.ask('iplog/iplist')).toEqual(['ipv4 10.0.0.2 port=2 user=alice', 'ipv4 10.0.0.1 port=2 user=alice']);
    expect(console.ask('iplog/ipport 1')).toEqual([]);
    expect(console.ask('iplog/ipuser alice').length).toBe(2);
    expect(console.ask('iplog/ipsearch 10.0.0.2')).toEqual(['ipv4 10.0.0.2 port=2 user=alice']);
    expect(console.say('iplog/ipsearch 10.0.0')).toContain('1022 Invalid argument');
  });

  it('forgets who is silent for long, and who is at a port that everybody left', () => {
    console.say('iplog/ipadd 10.0.0.0/8');
    console.say('iplog/setexpire 10');
    stage.receive(1, packetFrom(1));
    stage.receive(2, packetFrom(2));
    stage.receive(3, packetFrom(3));
    stage.ports.at(3)?.[0]?.close();
    stage.clock.advanceSeconds(9);
    stage.receive(2, packetFrom(2));
    expect(console.ask('iplog/iplist').length).toBe(2);
    stage.clock.advanceSeconds(2);
    expect(console.ask('iplog/iplist')).toEqual(['ipv4 10.0.0.2 port=2 user=alice']);
  });

  it('remembers 16,384 addresses, those heard last, in 1,024 ranges at most', () => {
    console.say('iplog/ipadd 10.0.0.0/8');
    for (let n = 1; n <= 17_000; n++) stage.receive(1, packetFrom(n));
    stage.left = [];
    expect(console.ask('iplog/iplist').length).toBe(16_384);
    expect(console.ask('iplog/ipsearch 10.0.0.1')).toEqual([]);
    for (let n = 1; n < 1_024; n++) expect(console.say(`iplog/ipadd 11.${n >> 8}.${n & 255}.0/24`)).toEqual(success);
    expect(console.say('iplog/ipadd 12.0.0.0/24')).toEqual(['1028 No space left on device']);
    expect(console.say('iplog/ipdel 11.0.1.0/24')).toEqual(success);
    expect(console.say('iplog/ipdel 11.0.1.0/24')).toEqual(['1002 No such file or directory']);
  });
});
