import { describe, expect, it, onTestFinished } from 'vitest';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import { quietLog } from '../../src/log.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { strangersPolicy } from '../../src/switch/switch.ts';
import { ManualClock } from '../manual-clock.ts';
import { firstShortcut } from '../../src/daemon/shortcut-ports.ts';
import { newPortCounters, type Port, type Receiver } from '../../src/ports/pure/port.ts';

/** A port without a medium: the test is its far end. */
class SeamPort implements Port {
  readonly module = 'seam';
  readonly description = 'a test';
  readonly counters = newPortCounters();
  readonly sent: Uint8Array[] = [];
  flushed = 0;
  disposed = false;
  receiver: Receiver | undefined;

  attach(receiver: Receiver): void {
    this.receiver = receiver;
    receiver.carrier(false);
  }

  transmit(octets: Uint8Array): void {
    this.sent.push(octets.slice());
  }

  flush(): void {
    this.flushed += 1;
  }

  enable(): void {
    // It has no other side that could be told.
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}

/** A plane with an uplink at port 1 and a shortcut to switch 2. */
function scene(): { plane: DataPlane; driver: SeamPort; number: number; told: string[] } {
  const plane = new DataPlane({ clock: new ManualClock(), random: seededRandom(1), log: quietLog });
  onTestFinished(() => plane[Symbol.asyncDispose]());
  const told: string[] = [];
  const [uplink, driver] = [new SeamPort(), new SeamPort()];
  plane.switch.shortcuts.begin(1, plane.add(uplink));
  uplink.receiver?.carrier(true);
  const policy = { ...strangersPolicy, mayUse: () => false };
  const number = plane.shortcuts.add(driver, policy, {
    up: () => {
      told.push('up');
      plane.switch.shortcuts.open(number, 2);
    },
    closed: (reason) => told.push(reason),
  });
  return { plane, driver, number, told };
}

/** A broadcast of a station. */
const frame = new Uint8Array(60).fill(0xff, 0, 6).fill(0x02, 6, 12);

describe('the port of a shortcut', () => {
  it('is beyond all ports of the table, and no client gets it', () => {
    const { plane, number } = scene();
    expect(number).toBe(firstShortcut);
    expect(plane.ports.get(number)).toBeUndefined();
    expect(plane.choose(number, { kind: 'self' })).toMatchObject({ reason: 'no-such-port' });
    expect(plane.ports.list().map((port) => port.number)).toEqual([1]);
  });

  it('is told to be up once, and closed with the reason of its driver', () => {
    const { plane, driver, number, told } = scene();
    for (const up of [true, false, true]) driver.receiver?.carrier(up);
    driver.receiver?.closed('it is over');
    expect(told).toEqual(['up', 'it is over']);
    expect(plane.switch.port(number)).toBeUndefined();
    expect(plane.shortcuts.counts(number)).toBeUndefined();
  });

  it('is guarded from its first frame on, by the policy that holds now', () => {
    const { plane, driver, number } = scene();
    driver.receiver?.carrier(true);
    plane.breath(() => driver.receiver?.receive(frame));
    expect(plane.shortcuts.counts(number)?.refused).toEqual({ 'forged-mac': 1 });
    plane.shortcuts.guard(number, strangersPolicy);
    plane.breath(() => driver.receiver?.receive(frame));
    expect(plane.shortcuts.counts(number)?.refused).toEqual({ 'forged-mac': 1, 'group-at-shortcut': 1 });
  });

  it('ends at once without a word, and its number is free for another', () => {
    const { plane, driver, number, told } = scene();
    driver.receiver?.carrier(true);
    plane.shortcuts.end(number);
    driver.receiver?.carrier(false);
    driver.receiver?.closed('late');
    expect([told, driver.disposed]).toEqual([['up'], true]);
    expect(plane.shortcuts.add(new SeamPort(), strangersPolicy, { up: () => undefined, closed: () => undefined })).toBe(number);
  });

  it('sends what the switch sends by it, at the end of the breath', () => {
    const { plane, driver, number } = scene();
    plane.breath(() => {
      plane.send(number, frame);
      expect(driver.flushed).toBe(0);
    });
    expect([driver.sent.length, driver.flushed]).toEqual([1, 1]);
  });
});
