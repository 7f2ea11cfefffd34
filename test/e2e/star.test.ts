import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/launcher/guest/process-identity.ts';
import { messageTypes } from '../../src/wire/dhcp.ts';
import { dhcpIn, isDhcp } from './dhcp-frames.ts';
import { ConsoleTalk } from './console-talk.ts';
import { guestNeeds } from './peers.ts';
import { Plug } from './plug.ts';
import type { Running } from './running.ts';
import { bin, isListening, until, useStage } from './stage.ts';
import { leaseOf, Star } from './star.ts';

const nodes = ['m', 's1', 's2'];
const addresses = ['10.77.0.10', '10.77.0.11', '10.77.0.12'];

// Each test goes on with the star as the one before it left it.
describe('a star of a master, two slaves and three real guests', { timeout: 120_000 }, () => {
  const stage = useStage([...guestNeeds, 'vde_plug'], { shared: true });
  let star: Star;
  let master: Running;
  let slaves: Running[] = [];
  /** Receives the frames on the master's switch. */
  let plug: Plug;

  const listen = async (): Promise<void> => {
    const from = master.lines.length;
    plug = new Plug(stage, star.sock('m'));
    await master.line(/port \d+: unix prog/, { from });
  };

  it('has a lease for each guest, and all pairs ping', async (context) => {
    star = await Star.prepare(stage, { guests: true });
    const begun = Date.now();
    master = await star.master();
    slaves = [await star.slave('s1', '--mgmt', stage.path('s1.mgmt')), await star.slave('s2')];
    expect(await Promise.all([master, ...slaves].map((node) => leaseOf(node)))).toEqual(addresses);
    const leased = Date.now() - begun;
    const { failed, milliseconds } = await star.pingAll(nodes, addresses);
    expect(failed).toEqual([]);
    const { median } = figures(milliseconds);
    await context.annotate(`three leases after ${leased} ms, ${milliseconds.length} pings, median ${median.toFixed(1)} ms`);
  });

  it('has a guest whose card has no carrier while the port of that guest is down', async () => {
    const talk = await ConsoleTalk.with(stage.path('s1.mgmt'));
    using console = await star.console('s1');
    const carrier = async (): Promise<string> => (await console.run('cat /sys/class/net/eth0/carrier')).output;
    const [, port = ''] = /^Port (\d+) [^P]* module qemu /ms.exec(await talk.ask('port/print')) ?? [];
    await talk.ask(`port/down ${Number(port)}`);
    await until('the guest has no carrier', async () => (await carrier()) === '0');
    expect((await console.run(`ping -c 1 -W 1 ${addresses[0]}`)).status).not.toBe(0);
    await talk.ask(`port/up ${Number(port)}`);
    await until('the guest has a carrier', async () => (await carrier()) === '1');
    expect((await console.run(`ping -c 1 -W 5 ${addresses[0]}`)).status).toBe(0);
  });

  it('comes back when the master is killed: links within 2 s, the same leases, its own guest too, and nobody asks again', async (context) => {
    const guests = nodes.map((node) => star.qemuOf(node));
    const leases = readFileSync(join(star.state('m'), 'leases/leases.journal'), 'utf8');
    const seen = slaves.map(({ lines }) => lines.length);
    await master.end('SIGKILL');
    const begun = Date.now();
    const starting = star.master();
    await until('the master listens', () => isListening(star.port));
    const listening = Date.now();
    await Promise.all(slaves.map(async (slave, n) => slave.line(/linked to/, { from: seen[n] ?? 0 })));
    const linked = Date.now() - listening;
    master = await starting;
    await listen();
    expect(linked).toBeLessThan(2000);
    await context.annotate(
      `both links back ${linked} ms after the master listened, ${listening + linked - begun} ms after its process was started`,
    );
    await master.line(new RegExp(`guest 0: still runs as process ${guests[0]}`));
    const { failed } = await star.pingAll(nodes, addresses);
    await context.annotate(`all pairs have pinged ${Date.now() - begun} ms after it`);
    expect(failed).toEqual([]);
    expect(nodes.map((node) => star.qemuOf(node))).toEqual(guests);
    expect(nodes.map((node) => star.saidBy(node).match(/LEASE/g)?.length)).toEqual([1, 1, 1]);
    expect(readFileSync(join(star.state('m'), 'leases/leases.journal'), 'utf8')).toBe(leases);
    expect(plug.heard.filter(({ frame }) => dhcpIn(frame))).toEqual([]);
  });

  it('has a guest that its console ends, and starts again with the same lease', async () => {
    const talk = await ConsoleTalk.with(stage.path('s1.mgmt'));
    const guest = (): Promise<string> => talk.ask('star/guest');
    const before = star.qemuOf('s1');
    expect(await guest()).toContain(`id 1 mac 02:65:6c:00:00:01 pid ${before} state ready address 10.77.0.11 starts 1`);
    await talk.ask('star/endguest');
    await until('the guest has ended', async () => (await guest()).includes('state ended starts 1'));
    expect(identifyProcess(before)).toBeUndefined();
    const from = slaves[0]?.lines.length;
    await talk.ask('star/restartguest');
    expect(await leaseOf(slaves[0] ?? master, from)).toBe(addresses[1]);
    expect(await guest()).toContain(`pid ${star.qemuOf('s1')} state ready address 10.77.0.11 starts 2`);
    expect((await star.pingAll(['s1'], addresses)).failed).toEqual([]);
  });

  it('tells of a guest whose QEMU is killed; started anew in the silence it has its lease within 2 s of its DISCOVER', async (context) => {
    const [slave] = slaves;
    using console = await star.console('s1');
    await console.run('echo last words > /dev/console');
    process.kill(star.qemuOf('s1'), 'SIGKILL');
    const death = await slave?.logged({ event: 'guest', state: 'died' });
    expect(death?.['lastLines']).toContain('last words');
    expect(await slave?.end()).toEqual({ status: 0, signal: null });
    const heard = plug.heard.length;
    const again = await star.slave('s1');
    slaves[0] = again;
    const discover = await plug.hears('a DISCOVER', isDhcp(messageTypes.discover, '02656c000001'), { timeout: 60_000, from: heard });
    const bound = await again.logged({ event: 'guest', address: addresses[1] });
    const milliseconds = Number(bound['time']) - discover.at;
    await context.annotate(`the guest told of its lease ${milliseconds} ms after its first DISCOVER`);
    expect(milliseconds).toBeLessThan(2000);
    expect((await star.pingAll(nodes, addresses)).failed).toEqual([]);
  });

  it('whose switch stands still for 5 s under traffic has a QEMU that does too, and the traffic goes on afterwards', async (context) => {
    const [console, other] = [await star.console('s1'), await star.console('m')];
    await other.run('while :; do nc -l -p 5001 > /dev/null; done > /dev/null 2>&1 & echo $! > /run/stream');
    await console.run('while :; do dd if=/dev/zero bs=1000 | nc 10.77.0.10 5001; sleep 0.2; done > /dev/null 2>&1 & echo $! > /run/stream');
    const qemu = star.qemuOf('s1');
    const before = cpuMilliseconds(qemu);
    await until('the guest sends what it can', () => cpuMilliseconds(qemu) - before > 500);
    const [slave] = slaves;
    slave?.signal('SIGSTOP');
    // More frames than the switch's socket holds. They come to an end, so that QEMU's work is measured and not the guest's own.
    await console.run('ping -i 0.005 -c 500 -w 4 -s 1000 10.77.0.12');
    const begun = { cpu: cpuMilliseconds(qemu), at: performance.now() };
    await passed(begun.at + 5000);
    const percent = (100 * (cpuMilliseconds(qemu) - begun.cpu)) / (performance.now() - begun.at);
    slave?.signal('SIGCONT');
    await context.annotate(`QEMU used ${percent.toFixed(1)} % of a processor`);
    expect(percent).toBeLessThan(10);
    const resumed = performance.now();
    await until('traffic goes on', async () => (await other.run('ping -c 1 -W 1 10.77.0.11')).status === 0);
    await context.annotate(`a ping was answered ${(performance.now() - resumed).toFixed(0)} ms after the switch went on`);
    for (const end of [console, other]) {
      await end.run('kill $(cat /run/stream); killall nc');
      end[Symbol.dispose]();
    }
    expect((await star.pingAll(nodes, addresses)).failed).toEqual([]);
  });

  it('that is killed whole goes on with its guests when it is started again, in any order', async () => {
    const guests = nodes.map((node) => star.qemuOf(node));
    await Promise.all([master, ...slaves].map(async (node) => node.end('SIGKILL')));
    const [second, first, centre] = await Promise.all([star.slave('s2'), star.slave('s1'), star.master()]);
    master = centre;
    slaves = [first, second];
    expect(nodes.map((node) => star.qemuOf(node))).toEqual(guests);
    await until('all guests ping', async () => (await star.pingAll(nodes, addresses)).failed.length === 0);
  });

  it('leaves guests that `etherloom guest stop` ends, and that a clean end ends', async () => {
    const guests = nodes.map((node) => star.qemuOf(node));
    await slaves[0]?.end('SIGKILL');
    const stop = [bin('etherloom'), 'guest', 'stop', '--state', star.state('s1')];
    expect((await stage.run([bin('etherloom'), 'guest', 'stop', '--state', star.state('s2')])).text).toContain('another');
    expect((await stage.run(stop)).text).toBe('stopped');
    expect((await stage.run(stop)).text).toBe('no guest runs');
    expect(await slaves[1]?.end()).toEqual({ status: 0, signal: null });
    expect(await master.end()).toEqual({ status: 0, signal: null });
    expect(guests.filter((pid) => identifyProcess(pid))).toEqual([]);
    expect(nodes.filter((node) => node !== 's1' && existsSync(star.sock(node)))).toEqual([]);
  });
});

/** Returns the time that a process has spent on processors so far, in milliseconds. */
function cpuMilliseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function figures(values: readonly number[]): { median: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN };
}

/** Waits for a moment of performance.now(): a stretch of real time is measured. */
function passed(moment: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, moment - performance.now()));
}
