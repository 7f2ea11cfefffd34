import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { outsideDhcp } from './outside-dhcp.ts';
import { useStage, type Output } from './stage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const plain = `
import { test } from 'node:test';
import { assertReaches, lab } from 'etherloom/lab';
import { encodePcap, summarize } from 'etherloom/wire';
import { DhcpServer } from 'etherloom/dhcp';
import { Switch } from 'etherloom/switch';

test('two hosts ping', async () => {
  if (![encodePcap, summarize, DhcpServer, Switch].every((one) => typeof one === 'function')) throw new Error('a door is shut');
  const net = lab();
  const s1 = net.switch('s1');
  await assertReaches(net.host('a', s1), net.host('b', s1));
  net[Symbol.dispose]();
});
`;

/** The promises of `docs/lab.md`, as others compile them: with all checks of TypeScript, of our types, too. */
const strict = `
import { EtherloomError, assertReaches, fromPcap, lab, play, recording, survives, viewOf } from 'etherloom/lab';
import type { HostProgram, LabRefusal, LabUdpOptions, RunView, StationProgram } from 'etherloom/lab';
import { EtherloomError as OfNode, evidenceIn, writePage } from 'etherloom/lab/node';
import { EtherloomError as OfDhcp } from 'etherloom/dhcp';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const refusal = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof EtherloomError ? error.code : String(error);
  }
  return undefined;
};

test('asynchronous programs go on at the instant at which they were called, and fail the run', async () => {
  using net = lab();
  const a = net.host('a', net.switch('s'));
  let at = 0;
  a.after(10, async () => {
    await null;
    at = net.now;
  });
  await net.run({ seconds: 5 });
  expect(at).toBe(10);
  a.after(10, async () => Promise.reject(new Error('it failed')));
  await expect(net.run({ hours: 1 })).rejects.toThrow('it failed');
});

test('what is wrong is refused', async () => {
  using x = lab();
  const y = lab();
  const [s, t] = [x.switch('s', { vlans: [5] }), y.switch('s')];
  const [a, b] = [x.host('a', s), y.host('a', t)];
  x.dhcp(s);
  expect([
    refusal(() => x.remove(b)),
    refusal(() => x.unlink(y.linkNamed('a-s'))),
    refusal(() => x.host('v', s, { vlan: 7 })),
    refusal(() => x.dhcp(s, { vlan: 7 })),
    refusal(() => a.startPing(b, () => undefined)),
    refusal(() => x.switch('p', { priority: 99_999 })),
    refusal(() => x.switch('q', { ageingTime: NaN })),
    refusal(() => x.partition([[a], [a]])),
    refusal(() => x.dhcp(s)),
    refusal(() => play('seed 5', { seed: 6 })),
    refusal(() => x.host('m', s, { latencey: 20 } as object)),
  ]).toEqual(Array(11).fill('bad-option'));
  y[Symbol.dispose]();
  expect([refusal(() => y.switch('z')), refusal(() => b.after(1, () => undefined))]).toEqual(['bad-state', 'bad-state']);
  await expect(survives(fc, { runs: 0 }, () => () => undefined)).rejects.toThrow(EtherloomError);
  await expect(survives(fc, { faults: ['meteor' as 'cut'] }, () => () => undefined)).rejects.toThrow('unknown fault "meteor"');
  await expect(survives(fc, {}, () => undefined)).rejects.toThrow('nothing would be checked');
  expect([OfNode, OfDhcp, typeof evidenceIn, typeof fromPcap]).toEqual([EtherloomError, EtherloomError, 'function', 'function']);
});

test('a server hears its VLAN alone, a trunk passes all, a partition new links, an address is had once', async () => {
  using net = lab();
  const [s1, s2] = [net.switch('s1', { vlans: [5] }), net.switch('s2')];
  net.dhcp(s1, { vlan: 5 });
  const [a, b] = [net.host('a', s1, { dhcp: true }), net.host('b', s1, { dhcp: true, vlan: 5 })];
  let heard = 0;
  const program: StationProgram = { receive: (frame) => (heard += frame[12] === 0x81 ? 1 : 0) };
  net.station('c', s2, program);
  const tagged = Uint8Array.from([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 9, 0x88, 0xb5, ...new Uint8Array(46)]);
  net.station('d', s2).send(tagged);
  await net.run({ minutes: 1 });
  expect([a.lease, b.lease === undefined, heard]).toEqual([undefined, false, 1]);
  using parted = net.partition([[s1], [s2]]);
  expect([parted, net.link(s1, s2).up]).toEqual([parted, false]);
  const twin = { ip: '10.0.0.9/8' };
  const [e, f, g] = [net.host('e', s1, { ip: '10.0.0.8/8' }), net.host('f', s1, twin), net.host('g', s1, twin)];
  await net.run({ seconds: 1 });
  expect([e.rivals.size, f.rivals.size, g.rivals.size]).toEqual([0, 1, 1]);
});

test('hosts crash, and start again with what their disk had synced', async () => {
  using net = lab({ record: true });
  const s = net.switch('s');
  const program: HostProgram = async ({ udp, sleep, now, random, disk, log, ping }) => {
    const starts = Number((await disk.read('starts')) ?? 0) + 1;
    await disk.write('starts', String(starts));
    await disk.sync();
    await sleep(random.integer(1, 5) + random());
    log(\`start \${starts} at \${now()}, \${String(await ping('10.0.0.2'))}\`);
    udp(7, async ({ from, port }, socket) => {
      await null;
      socket.send(from, port, String(starts));
    });
  };
  const [n1, a] = [net.host('n1', s, { program }), net.host('a', s)];
  await net.run({ seconds: 1 });
  {
    using down = n1.crash();
    using _out = a.unplug();
    expect([down !== undefined, await a.ping(n1, { timeout: 100 })]).toEqual([true, undefined]);
  }
  await net.run({ seconds: 1 });
  const socket = a.udp();
  socket.send(n1, 7, 'how often?');
  expect((await net.runUntil(socket.receive())).text).toBe('2');
  socket.send(n1, 9, 'nobody');
  await net.quiesce();
  expect(socket.refusals.map(({ port }) => port)).toEqual([9]);
  await assertReaches(a, n1, { size: 1472, dontFragment: true });
  using again = play(recording(net));
  expect(recording(again)).toBe(recording(net));
});

test('a run is a page', async () => {
  using net = lab();
  const s = net.switch('s');
  await assertReaches(net.host('a', s), net.host('b', s));
  const view: RunView = viewOf(net, { nodes: ['a'], from: { milliseconds: 0 } });
  writePage(net, 'run.html', { nodes: ['a'] });
  expect(view.frames.every(({ source, target }) => [source, target].includes('a'))).toBe(true);
});

test('UDP goes over IPv6, to groups, and says what does not fit', async () => {
  using net = lab();
  const s = net.switch('s');
  const options: LabUdpOptions = { dontFragment: true, multicastTtl: 2, multicastLoopback: false };
  const [a, b] = [net.host('a', s, { ip6: 'fd00::1/64', router6: 'fd00::ff' }), net.host('b', s, { ip6: 'fd00::2/64' })];
  await net.run({ seconds: 2 });
  const [socket, other] = [a.udp(undefined, undefined, options), b.udp(7, undefined, { address: 'fd00::2', ipv6: true })];
  socket.send('fd00::2', 7, 'x'.repeat(1452));
  expect((await net.runUntil(other.receive())).to).toBe('fd00::2');
  expect(refusal(() => socket.send('fd00::2', 7, 'x'.repeat(1453)))).toBe('bad-option');
  const member = b.udp(8);
  member.join('239.1.2.3');
  socket.send('239.1.2.3', 8, 'hello');
  expect((await net.runUntil(member.receive())).text).toBe('hello');
  member.leave('239.1.2.3');
  socket.send('fd00::2', 9, 'nobody');
  await net.quiesce();
  expect(socket.refusals.map(({ from, mtu }: LabRefusal) => [from, mtu])).toEqual([['fd00::2', undefined]]);
  expect([a.pathMtu('fd00::2'), a.address6 === undefined, refusal(() => member.join('10.0.0.1'))]).toEqual([1500, false, 'bad-address']);
  expect(refusal(() => a.udp(1, undefined, { ttl: 5 } as object))).toBe('bad-option');
});

test('what is always so is looked at at every instant', async () => {
  const seen = survives(fc, { runs: 20, faults: ['crash-host'], pings: false }, (net, { always, sometimes }) => {
    sometimes(() => net.hosts.some(({ running }) => !running), 'a host is down');
    always(() => net.hosts.every(({ running }) => running), 'all hosts run');
  });
  await expect(seen).rejects.toThrow('this was not so: all hosts run');
});
`;

/** Does in plain JavaScript what Linux is not needed for, and prints what says that it needs it. */
const elsewhere = `
import './plain.mjs';
import { realClock } from 'etherloom/clock';
import { openMaster, openSlave, openSwitch } from 'etherloom/daemon';
import { EtherloomError } from 'etherloom/errors';
import { EtherloomError as OfLab, lab } from 'etherloom/lab';
import { EtherloomError as OfNode, expose, writeCapture } from 'etherloom/lab/node';
import { openPortLoop } from 'etherloom/ports';
import { realClock as OfSwitch } from 'etherloom/switch';
import { formatMac } from 'etherloom/wire/mac';

if (OfLab !== EtherloomError || OfNode !== EtherloomError || OfSwitch !== realClock) throw new Error('two of one');
if (formatMac(1) !== '00:00:00:00:00:01') throw new Error(formatMac(1));
const net = lab();
net.switch('s1');
writeCapture(net, 'empty.pcapng');
for (const attempt of [
  () => openSwitch({ directory: 'sw' }),
  () => openMaster({ listen: '127.0.0.1:0', subnet: '10.77.0.0/24', directory: 'm', state: 'm-state' }),
  () => openSlave({ master: '127.0.0.1:1', directory: 's', state: 's-state' }),
  () => openPortLoop(),
  () => expose(net, 's1', { vde: 'sw' }),
])
  await attempt().then(() => console.log('it works'), (error) => console.log(\`\${error.code}: \${error.message}\`));
`;

describe('the template of a project that tests networks', { timeout: 180_000 }, () => {
  const stage = useStage(['npm', 'registry'], { shared: true });
  const home = () => ({ env: { npm_config_cache: stage.path('cache'), npm_config_fund: 'false', npm_config_audit: 'false' } });

  it('works after npm install and npm test, with nothing but the packed package', async () => {
    const packed = await stage.run(['npm', 'pack', '--silent', '--pack-destination', stage.path(), root], home());
    expect(packed.status, packed.text).toBe(0);
    const tarball = readdirSync(stage.path()).find((name) => name.endsWith('.tgz')) ?? 'nothing';
    cpSync(`${root}/template`, stage.path('project'), { recursive: true });
    const prefix = ['--prefix', stage.path('project')];
    const installed = await stage.run(['npm', 'install', ...prefix, '--save-dev', stage.path(tarball)], home());
    expect(installed.status, installed.text).toBe(0);
    const tested = await stage.run(['npm', 'test', ...prefix], home());
    expect(tested.status, tested.text).toBe(0);
    expect(tested.text).toMatch(/3 passed/);
    writeFileSync(stage.path('project', 'strict.test.ts'), strict);
    writeFileSync(stage.path('project', 'dhcp.test.ts'), outsideDhcp);
    const compiler = ['npx', '--prefix', stage.path('project'), 'tsc', '--project', stage.path('project'), '--skipLibCheck', 'false'];
    // Packages of others may have types that are wrong.
    const wrongTypes = async (): Promise<string[]> => {
      const { text } = await stage.run([...compiler, '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes'], home());
      return text.split('\n').filter((line) => /^(?!.*node_modules\/(?!etherloom\/)).*: error /.test(line));
    };
    expect(await wrongTypes()).toEqual([]);
    const outside = await stage.run(['npm', 'test', ...prefix], home());
    expect(outside.status, outside.text).toBe(0);
    expect(outside.text).toMatch(/21 passed/);
    // With the script that draws it, which is in the package.
    expect(readFileSync(stage.path('project', 'run.html'), 'utf8')).toMatch(/<script>.*requestAnimationFrame/);
    // Its types are there: a mistake is found.
    writeFileSync(stage.path('project', 'wrong.ts'), `import { lab } from 'etherloom/lab';\nlab({ sed: 7 });\n`);
    const wrong = await stage.run(['npm', 'test', ...prefix], home());
    expect(wrong.text).toMatch(/wrong\.ts\(2,7\): error .*'sed' does not exist in type 'LabOptions'/);
    expect(await wrongTypes()).toEqual([expect.stringContaining('wrong.ts(2,7): error') as string]);
    // The same package by Node's own runner, in plain JavaScript.
    writeFileSync(stage.path('project', 'plain.mjs'), plain);
    const byNode = await stage.run(['node', '--test', stage.path('project', 'plain.mjs')], home());
    expect(byNode.status, byNode.text).toBe(0);
    expect(byNode.text).toMatch(/pass 1$/m);
  });

  describe.each(['darwin', 'win32'])('on %s, without koffi', (platform) => {
    const inProject = (name: string): string => stage.path('project', name);
    const preload = (): string => inProject('platform.mjs');
    const inDisguise = (...command: readonly string[]): Promise<Output> =>
      stage.run(['sh', '-c', 'cd "$0" && exec "$@"', inProject('.'), ...command], home());

    beforeAll(() => {
      writeFileSync(preload(), `Object.defineProperty(process, 'platform', { value: '${platform}' });\n`);
      writeFileSync(inProject('elsewhere.mjs'), elsewhere);
      for (const name of ['koffi', '@koromix', 'strict.test.ts', 'dhcp.test.ts', 'wrong.ts'])
        rmSync(name.includes('.') ? inProject(name) : inProject(`node_modules/${name}`), { recursive: true, force: true });
    });

    it('passes its tests', async () => {
      expect(existsSync(inProject('node_modules/koffi'))).toBe(false);
      // The workers alone: Vitest itself has native code for the machine that it is on.
      const tested = await inDisguise('npm', 'test', '--', `--execArgv=--import=${preload()}`);
      expect(tested.status, tested.text).toBe(0);
      expect(tested.text).toMatch(/3 passed/);
    });

    it('has all doors, and what needs Linux says so', async () => {
      const { status, text } = await inDisguise('node', '--import', preload(), 'elsewhere.mjs');
      expect(status, text).toBe(0);
      const opening = ['openSwitch of etherloom/daemon', 'openMaster of etherloom/daemon', 'openSlave of etherloom/daemon'];
      const why = `on ${platform}: it needs Linux; run the program in a Linux machine or container`;
      expect(text.match(/^(not-supported|it works).*/gm)).toEqual(
        [...opening, 'openPortLoop of etherloom/ports', 'expose of etherloom/lab/node'].map(
          (what) => `not-supported: cannot use ${what} ${why}`,
        ),
      );
    });

    it('has commands that say that they need Linux', async () => {
      const { bin } = JSON.parse(readFileSync(inProject('node_modules/etherloom/package.json'), 'utf8')) as { bin: Record<string, string> };
      for (const name of Object.keys(bin)) {
        const { status, text } = await inDisguise('env', `NODE_OPTIONS=--import=${preload()}`, `node_modules/.bin/${name}`, '--help');
        const remedy = 'run it in a Linux machine or container (on Windows: WSL)';
        expect([status, text]).toEqual([1, `${name}: this command needs Linux and cannot run on ${platform}; ${remedy}`]);
      }
    });
  });
});
