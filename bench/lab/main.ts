/** Runs one scenario in a lab, and prints what came of it as a line of JSON. */
import { lab, seededRandom, type Network } from '../../src/lab/lab.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import type { LabResult, LabScenario } from './scenario.ts';

const scenario = JSON.parse(process.argv[2] ?? '') as LabScenario;
const net = lab();
let answers = 0;
const run = await prepare();
const [hopsBefore, begun] = [net.fabric.trace.total, performance.now()];
await run();
const seconds = (performance.now() - begun) / 1000;
const result: LabResult = { seconds, hops: net.fabric.trace.total - hopsBefore, answers, memory: process.memoryUsage().rss / 2 ** 20 };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** Makes the network, and returns the work to measure. */
async function prepare(): Promise<() => Promise<void>> {
  switch (scenario.kind) {
    case 'pings': {
      const random = seededRandom(1);
      const make = (): ReturnType<Network['host']>[] => pingingHosts(net, scenario.switches, scenario.hosts);
      const there = scenario.fromNothing ? undefined : make();
      if (there) await net.run({ seconds: 5 });
      return async () => {
        const hosts = there ?? make();
        const draw = (): (typeof hosts)[number] => at(hosts, random.uint32() % hosts.length);
        for (let pair = 0; pair < scenario.pairs; pair++) draw().startPing(draw(), count);
        await net.run({ seconds: 5 });
      };
    }
    case 'idle-ring':
      net.ring(scenario.switches, { hosts: 0 });
      return () => net.run({ minutes: scenario.minutes });
    case 'row':
      return prepareRow(scenario.switches, scenario.stations, scenario.milliseconds);
    case 'line': {
      const switches = row(scenario.switches);
      const hosts = Array.from({ length: scenario.hosts }, (_, n) => net.host(`h${n}`, at(switches, n % switches.length)));
      return async () => {
        for (const [n, host] of hosts.entries()) host.startPing(at(hosts, hosts.length - 1 - n), count);
        await net.run({ seconds: 5 });
      };
    }
  }
}

function count(time: number | undefined): void {
  if (time !== undefined) answers++;
}

/** Returns a root, its children, and as many of their children as are wanted; hosts are dealt out to all. */
function pingingHosts(network: Network, size: number, hosts: number): ReturnType<Network['host']>[] {
  const fanout = Math.ceil(Math.sqrt(size));
  const switches = Array.from({ length: size }, (_, n) => network.switch(`s${n}`));
  switches.slice(1).forEach((one, n) => network.link(one, at(switches, Math.floor(n / fanout))));
  return Array.from({ length: hosts }, (_, n) => network.host(`h${n}`, at(switches, n % size)));
}

function row(size: number): ReturnType<Network['switch']>[] {
  const switches = Array.from({ length: size }, (_, n) => net.switch(`s${n}`));
  switches.slice(1).forEach((one, n) => net.link(at(switches, n), one));
  return switches;
}

async function prepareRow(size: number, count: number, milliseconds: number): Promise<() => Promise<void>> {
  const switches = row(size);
  const stations = Array.from({ length: count }, (_, n) => net.station(`x${n}`, at(switches, n < count / 2 ? 0 : size - 1)));
  const frames = stations.map(({ mac: source }, n) => {
    const { mac: destination } = at(stations, (n + count / 2) % count);
    return encodeEthernet({ destination, source, etherType: 0x88b5, payload: new Uint8Array(46) });
  });
  const sendAll = (): void => stations.forEach((station, n) => station.send(at(frames, n)));
  // All others receive each once, then its partner does.
  for (let times = 0; times < 2; times++) {
    sendAll();
    await net.quiesce();
  }
  return async () => {
    for (let time = 0; time < milliseconds; time++) {
      sendAll();
      await net.run({ milliseconds: 1 });
    }
    await net.quiesce();
  };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing is at ${index}`);
  return found;
}
