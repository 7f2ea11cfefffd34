/** The switch alone: frames are copied into a ring in batches, as the kernel would, and leave into a counter. */
import { realClock } from '../../src/clock.ts';
import { Switch, type VlanMembership } from '../../src/switch/switch.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { processorTime } from '../load/processor-time.ts';
import type { CoreResult, CoreSpec } from './spec.ts';

const frameSize = 60;
const tagSize = 4;
const stride = 64;
const breath = 64;
const vlan = vid(10);
const largePrime = 999_983;
const breathsBetweenLooks = 256;

const spec = JSON.parse(process.argv[2] ?? '') as CoreSpec;
let framesOut = 0;
const bridge = new Switch({
  clock: realClock,
  maxEntries: 131_072,
  transmit: () => {
    framesOut++;
  },
  observe: () => undefined,
});
for (let port = 0; port < spec.ports; port++) bridge.addPort(port, membership(port));

const tagged = Array.from({ length: breath }, (_, i) => isTrunk(i % spec.ports));
const ring = new Uint8Array(breath * stride);
const views = tagged.map((tag, i) => ring.subarray(i * stride, i * stride + frameSize + (tag ? tagSize : 0)));
const traffic = makeTraffic();
let position = 0;

introduce();
forward(spec.warmup);
framesOut = 0;
const before = { time: performance.now(), processor: processorTime(process.pid) };
const framesIn = forward(spec.seconds);
const after = { time: performance.now(), processor: processorTime(process.pid) };
const result: CoreResult = {
  seconds: (after.time - before.time) / 1000,
  processorSeconds: (after.processor - before.processor) / 1e9,
  framesIn,
  framesOut,
  heapPerFrame: heapPerFrame(),
};
bridge[Symbol.dispose]();
process.stdout.write(`${JSON.stringify(result)}\n`);

function isTrunk(port: number): boolean {
  return spec.tags === 'all' || (spec.tags === 'mixed' && port % 2 === 1);
}

function membership(port: number): VlanMembership {
  return isTrunk(port) ? { untagged: 'none', tagged: [vid(20), vlan, vid(30)] } : { untagged: vlan };
}

/** Receives for so many seconds, and returns how many frames. */
function forward(seconds: number): number {
  const end = performance.now() + seconds * 1000;
  let breaths = 0;
  do {
    for (let i = 0; i < breathsBetweenLooks; i++) oneBreath();
    breaths += breathsBetweenLooks;
  } while (performance.now() < end);
  return breaths * breath;
}

/** One batch: into the ring, and each frame in by its port. */
function oneBreath(): void {
  ring.set(traffic.subarray(position, position + ring.length));
  position = (position + ring.length) % traffic.length;
  bridge.beginBreath();
  // The port of a frame is told by its place in the batch: so the stations are dealt out.
  for (let i = 0; i < breath; i++) bridge.receive(i % spec.ports, views[i] ?? ring);
}

/** Each station says one frame. */
function introduce(): void {
  const end = traffic.length / ring.length;
  for (let i = 0; i < end; i++) oneBreath();
}

/** Returns the allocation for a frame, from the growth of the heap between collections. */
function heapPerFrame(): number {
  let grown = 0;
  let breaths = 0;
  for (; breaths < 4096; breaths += 64) {
    const start = process.memoryUsage().heapUsed;
    for (let i = 0; i < 64; i++) oneBreath();
    grown += Math.max(0, process.memoryUsage().heapUsed - start);
  }
  return grown / (breaths * breath);
}

/** Batches of frames, the sources of which are all stations, each at its port, in an order without a pattern. */
function makeTraffic(): Uint8Array {
  const count = Math.ceil(spec.stations / breath) * breath;
  const octets = new Uint8Array(count * stride);
  for (let i = 0; i < count; i++) {
    const place = i % breath;
    const base = new Uint8Array(frameSize);
    const frame = Buffer.from(base.buffer);
    // The station behind the port of this place: its number is the port's, and a multiple of 64 more.
    frame.writeUIntBE(spec.destinations === 'broadcast' ? 0xffff_ffff_ffff : stationMac(scattered(i + 1, count)), 0, 6);
    frame.writeUIntBE(stationMac(place + breath * scattered(Math.floor(i / breath), count / breath)), 6, 6);
    frame.writeUInt16BE(0x88b5, 12);
    octets.set(tagged[place] === true ? addTag(base, vlan) : base, i * stride);
  }
  return octets;
}

function stationMac(station: number): number {
  return 0x0200_0000_0000 + station;
}

/** Returns a place in a shuffle of `count`: each once, none near the last. */
function scattered(i: number, count: number): number {
  return (i * largePrime) % count;
}
