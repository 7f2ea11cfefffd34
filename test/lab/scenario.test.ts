import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EtherloomError } from '../../src/errors.ts';
import { lab, play, recording, type Network } from '../../src/lab/lab.ts';
import { broadcast } from './frames.ts';

describe('a text', () => {
  it('describes a network as calls do', async () => {
    const text = `
      seed 7
      switch s1 vlans 5,6   # a comment
      switch s2 vlans 5,6
      link s1 s2 latency 2
      host a s1 vlan 5
      host b s2 vlan 5 ip 10.0.0.9/8`;
    using written = play(text, { record: true });
    using called = lab({ seed: 7, record: true });
    const [s1, s2] = [called.switch('s1', { vlans: [5, 6] }), called.switch('s2', { vlans: [5, 6] })];
    called.link(s1, s2, { latency: 2 });
    const a = called.host('a', s1, { vlan: 5 });
    called.host('b', s2, { vlan: 5, ip: '10.0.0.9/8' });
    expect(recording(written)).toBe(recording(called));
    expect(await written.hostNamed('a').ping('10.0.0.9')).toBe(await a.ping('10.0.0.9'));
  });

  it('lets time pass, and begins and ends faults', () => {
    using net = play(`
      switch s1
      host a s1
      host b s1
      outage = cut a-s1
      ping a 10.0.0.2 timeout 500
      run 2.5
      end outage
      at 5000
      ping a 10.0.0.2
      run 1
    `);
    expect(net.now).toBe(6000);
    const [ping] = [...net.fabric.trace.hops()].filter(({ frame, lane }) => lane.target === 'a' && frame[23] === 1);
    expect(ping?.time).toBeCloseTo(5000.35);
  });

  it('names the line that is wrong, says what is, and how it is written', () => {
    const why = (line: string): string => {
      try {
        play(`switch s1\nhost a s1\nstation t -\n${line}`)[Symbol.dispose]();
      } catch (error) {
        if (error instanceof Error) return error.message.replace(`line 4: ${line}: `, '');
      }
      return 'nothing';
    };
    expect(why('frobnicate s1')).toMatch(/^unknown line "frobnicate"; use one of: switch, host, .*, cut, /);
    expect(why('x = switch s2')).toMatch(/^unknown fault "switch"; use one of: cut, silence, /);
    expect(why('switch')).toBe('words are missing; write it as: switch NAME [OPTIONS]');
    expect(why('switch s2 ftsp')).toMatch(/^unknown option "ftsp"; use one of: fstp, hub, /);
    expect(why('switch s2 no-mac')).toMatch(/^unknown option "no-mac"/);
    expect(why('switch s2 priority high')).toBe('the value of the option priority must be a number, as 5, not "high"');
    expect(why('switch s2 vlans 5,x')).toBe('the value of the option vlans must be a list of numbers, as 1,2,3 or none, not "5,x"');
    expect(why('switch s2 priority')).toBe('the option priority has no value; write it as: priority VALUE');
    expect(why('link s1 s9')).toBe('there is no s9 in this network; add it first');
    expect(why('cut s1-s9')).toBe('there is no link s1-s9; use one of: a-s1');
    expect(why('crash t')).toBe('t cannot crash: it is a station without a stack; name a switch or a host');
    expect(why('ping s1 10.0.0.1')).toBe('s1 is not a host; name one');
    expect(why('send s1 00')).toBe('s1 is not a station; name one');
    expect(why('send a 0g')).toBe('"0g" is not a series of octets; write two hexadecimal digits for each');
    expect(why('ping a 10.0.0.300')).toBe('"10.0.0.300" is not an IPv4 address; write it as 10.0.0.1');
    expect(why('mtu a-s1 big')).toBe('"big" is not a number; write it as 5, 0.5 or 1e3');
    expect(why('impair a-s1 lost 5')).toMatch(/^"lost 5" is not an impairment/);
    expect(why('switch s2 vlans 5000')).toBe('a VLAN must be an integer from 0 to 4094, not 5000');
    expect(why('latency a-s1 -1')).toBe('the latency of a link must be a number of at least 0, not -1');
    expect(why('run -1')).toMatch(/^not a time span: /);
    expect(why('at Infinity')).toBe('a time must be a number of at least 0, not Infinity');
    expect(why(`listen a 5\nudp a 5 10.0.0.9 6 ${'00'.repeat(65_508)}`)).toMatch(
      /cannot send 65508 octets in one UDP datagram: a packet holds at most 65507; /,
    );
    expect(why('listen a 5\njoin a 5 10.0.0.9')).toMatch(/10\.0\.0\.9 is not a group's address; /);
    expect(why('listen a 5 ttl 9')).toMatch(/unknown option "ttl"; use one of: address, dontFragment, multicastTtl, multicastLoopback$/);
    expect(why('end f1')).toBe('there is no fault f1; name one that an earlier line began');
    expect(why('close a 7')).toBe('a does not listen on port 7; write first: listen a 7');
    expect(why('full-disk 1')).toBe('there is no DHCP server 1: the network has 0; number them from 1');
    expect(why('seed 5')).toBe('the seed must come first; move that line to the beginning');
    expect(why('run 5\nat 100')).toMatch(/time cannot go back to 100 ms: it is 5000 ms already/);
    expect(why('at 100 after 7')).toMatch(/^this run differs from the recording: 0 events happened at 100 ms; /);
    expect(why('failing switch s2')).toBe(
      'this run differs from the recording: that line failed when it was recorded; replay it with the version that recorded it',
    );
    expect(why('digest 0123456789abcdef')).toMatch(
      /^this run differs from the recording: its digest is [0-9a-f]{16}, not 0123456789abcdef/,
    );
    expect(why('bridge 1 = a c')).toBe('a line that begins with "bridge" is incomplete; write it as: bridge 1 0x222 = a c');
    expect(why('check s1 = X')).toBe('a line that begins with "check" is incomplete; write it as: check b1 = root, or check b1 = R D A');
  });
});

describe('any text', () => {
  const word = fc.oneof(
    fc.constantFrom('s1', 's2', 'a', 'b', 's1-s2', 'a-s1', 'f1', '=', '-', 'from', 'up', 'down', 'after', 'timeout', 'rate', 'wall', 'any'),
    fc.constantFrom('10.0.0.1', '0x222', 'ffffffffffff0200000000010806', 'loss 5', 'state x; edge 0,0,5', 'root', 'none', 'R'),
    fc.constantFrom('fstp', 'vlans', 'latency', 'dhcp', 'vlan', 'no-fstp', 'tagged', 'reserve', 'constructor', '__proto__', 'range'),
    fc.integer({ min: -1, max: 50 }).map(String),
    fc.string({ maxLength: 4 }),
  );
  const verb = fc.constantFrom(
    'switch',
    'host',
    'station',
    'dhcp',
    'link',
    'bridge',
    'check',
    'remove',
    'unlink',
    'latency',
    'mtu',
    'send',
    'ping',
    'listen',
    'udp',
    'close',
    'end',
    'run',
    'at',
    'f1 = cut',
    'silence',
    'f1 = hold',
    'impair',
    'vary',
    'flap',
    'f1 = crash',
    'skew',
    'partition',
    'full-disk',
    'failing',
    'seed',
    'digest',
  );
  const line = fc.tuple(verb, fc.array(word, { maxLength: 5 })).map(([first, words]) => [first, ...words].join(' '));
  const common = ['switch s1', 'switch s2 fstp', 'link s1 s2', 'host a s1', 'host b s2', 'f1 = cut s1-s2'];

  it('is played, or refused by an error that names its line', () => {
    fc.assert(
      fc.property(line, line, (first, second) => {
        try {
          play([...common, first, 'run 1', second, 'run 1'].join('\n'), { calm: 1000 })[Symbol.dispose]();
        } catch (error) {
          expect(error).toBeInstanceOf(EtherloomError);
          expect(String(error)).toMatch(/^EtherloomError: (?:line \d+: |a seed must be )/);
        }
      }),
      { numRuns: Number(process.env['LAB_RUNS'] ?? 300) },
    );
  });
});

describe('a recording', () => {
  it('repeats a run in which a lot happened, octet by octet', async () => {
    using net = lab({ seed: 3, record: true });
    await muchHappens(net);
    const text = recording(net);
    using again = play(text);
    expect(recording(again)).toBe(text);
    expect(again.fabric.trace.total).toBe(net.fabric.trace.total);
    expect(again.now).toBe(net.now);
  });

  it('is another one when anything was otherwise', async () => {
    using net = lab({ record: true });
    await muchHappens(net);
    const text = recording(net);
    expect(() => play(text.replace('seed 1\n', 'seed 2\n'))).toThrow();
    expect(() => play(text.replace('latency 3', 'latency 4'))).toThrow('this run differs');
    expect(() => play(text.replace(/^(udp .*)61$/m, '$162'))).toThrow('this run differs');
  });

  it('has what was refused, which is refused again', async () => {
    using net = lab({ record: true });
    const s1 = net.switch('s1');
    expect(() => net.host('s1', s1)).toThrow('the name s1 is in use in this network');
    expect(() => net.host('a', s1, { ip: 'nowhere' })).toThrow('is not a host address');
    const b = net.host('b', s1);
    await b.ping('10.0.0.7');
    const text = recording(net);
    expect(text).toContain('failing host s1 s1');
    expect(recording(play(text))).toBe(text);
  });

  it('cannot be had of a run that was not recorded, nor of one with a filter', () => {
    using plain = lab();
    expect(() => recording(plain)).toThrow('there is no recording of this network; make it with { record: true }');
    using net = lab({ record: true });
    const link = net.link(net.station('a'), net.station('b'));
    link.filter(() => true);
    expect(() => recording(net)).toThrow('cannot record a filter, which is a function: f1 = filter a-b');
  });
});

/** Programs that answer, timers, faults of every kind, some within others, at times that have no round numbers. */
async function muchHappens(net: Network): Promise<void> {
  const { master, slaves, hosts, links } = net.star(2, {
    link: { latency: 3, loss: { mean: 5, spread: 5 } },
    dhcp: { diskLatency: 7, probe: false },
  });
  const ring = net.ring(4, { prefix: 'r', switch: { vlans: [5] } });
  const parrot = net.station('parrot', master, {
    receive: (frame, station) => frame[0] === 0xff && frame[14] === 7 && station.send(broadcast(8)),
  });
  const clock = parrot.every(700, () => parrot.send(broadcast(7)));
  const server = ring.hosts[0]?.udp(7, ({ from, port, text }, socket) => socket.send(from, port, `${text}!`));
  const client = ring.hosts[2]?.udp();
  await net.run({ milliseconds: 4321.5 });
  client?.send('10.0.0.4', 7, 'a');
  const impaired = links[0]?.impair('loss 20, delay 5+4n, dup 10', { from: master });
  const varied = ring.links[0]?.vary('state good; state bad loss 50; edge 0,1,10; edge 1,0,20');
  const flapping = ring.links[1]?.flap({ up: 333, down: 111 });
  const slow = hosts[1]?.skew({ rate: 0.9, wall: -5 });
  await net.runUntil(() => net.fabric.trace.total > 700);
  const crash = master.crash();
  const full = net.servers[0]?.fillDisk();
  const [first, second] = slaves;
  const parted = net.partition([first && second ? [first, second] : []], { silent: true });
  await hosts[0]?.ping('10.77.0.1', { timeout: 250 });
  crash[Symbol.dispose]();
  const held = links[1]?.hold();
  await net.run({ seconds: 2 });
  for (const fault of [impaired, varied, flapping, slow, full, parted, held, clock]) fault?.[Symbol.dispose]();
  server?.[Symbol.dispose]();
  if (first) net.remove(first);
  await net.run({ seconds: 3 });
}
