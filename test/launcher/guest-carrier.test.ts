import { describe, expect, it } from 'vitest';
import { DataPlane } from '../../src/daemon/data-plane.ts';
import { EtherloomError } from '../../src/errors.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { GuestCarrier } from '../../src/launcher/guest-carrier.ts';
import { logTo } from '../../src/log.ts';
import { MemoryPort } from '../../src/ports/pure/memory.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { self } from '../../src/ports/pure/peer.ts';

function stage({ adopted = false, refuses = false } = {}): { plane: DataPlane; carrier: GuestCarrier; told: boolean[]; warned: string[] } {
  const [told, warned]: [boolean[], string[]] = [[], []];
  const log = logTo((message, _fields, level) => {
    if (level === 'warn') warned.push(message);
  });
  const plane = new DataPlane({ clock: new ManualClock(), random: seededRandom(1), log });
  const setCarrier = (on: boolean): Promise<void> => {
    told.push(on);
    return refuses ? Promise.reject(new EtherloomError('refused', 'QEMU refuses: no')) : Promise.resolve();
  };
  return { plane, carrier: new GuestCarrier(plane, { id: 3, adopted, setCarrier }, log), told, warned };
}

function port({ breath, clock: { defer } }: DataPlane['environment']): MemoryPort {
  return MemoryPort.pair({ breath, defer })[0];
}

describe("the carrier of a guest's card", () => {
  it('follows the port of the guest, and no other one', () => {
    const { plane, carrier, told } = stage();
    plane.add(port(plane.environment));
    carrier.add(port(plane.environment));
    plane.ports.setCondition(1, { up: false });
    plane.ports.setCondition(2, { impairment: { loss: 1 } });
    expect(told).toEqual([]);
    plane.ports.setCondition(2, { up: false });
    plane.ports.setCondition(2, { impairment: undefined });
    plane.ports.setCondition(2, { up: true });
    expect(told).toEqual([false, true]);
    carrier[Symbol.dispose]();
    plane.ports.setCondition(2, { up: false });
    expect(told).toEqual([false, true]);
  });

  it('follows the port of a QEMU that dials, wherever that is put', () => {
    const { plane, carrier, told } = stage();
    plane.ports.create(1);
    plane.ports.setCondition(1, { up: false });
    expect(carrier.choose('any', self)).toBe(2);
    carrier.accept(port(plane.environment), 1, self);
    carrier.accept(port(plane.environment), 2, self);
    expect(told).toEqual([false, true]);
  });

  it('is told to a guest that an earlier launcher may have left without one', () => {
    const { plane, carrier, told } = stage({ adopted: true });
    carrier.add(port(plane.environment));
    expect(told).toEqual([true]);
  });

  it('that QEMU does not change is a warning', async () => {
    const { plane, carrier, warned } = stage({ refuses: true });
    carrier.add(port(plane.environment));
    plane.ports.setCondition(1, { up: false });
    await eventually(() => expect(warned).toEqual(['cannot set the card of guest 3 down: QEMU refuses: no']));
  });
});
