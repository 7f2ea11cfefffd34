import { describe, expect, it } from 'vitest';
import { bucketsFor, StationSettings } from '../../src/management/services/station-settings.ts';
import { bucketOf } from '../../src/vde-console/buckets.ts';
import { ConsoleStage } from '../vde-console/console-stage.ts';

describe('the bucket of a station', () => {
  // As vde_switch 2.3.2 printed them.
  it.each([
    [0x0200_0000_000a, 10, 63],
    [0x0200_0000_000c, 0, 31],
    [0x0200_0000_000d, 0, 83],
    [0x0200_0000_000d, 10, 49],
    [0x0200_0000_000d, 20, 39],
  ])('of %d in VLAN %d is %d of 128', (mac, vlan, bucket) => expect(bucketOf(mac, vlan, 128)).toBe(bucket));

  it('is the only one where there is one', () => expect(bucketOf(0x0200_0000_000a, 10, 1)).toBe(0));
});

describe('the size of the table', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [100, 128],
    [128, 128],
    [129, 256],
    [2 ** 24, 2 ** 24],
    [2 ** 24 - 1, 2 ** 24],
  ])('for %d is %d', (size, buckets) => expect(bucketsFor(size)).toBe(buckets));
});

describe('the settings', () => {
  it('are those of the switch, in seconds', () => {
    using stage = new ConsoleStage();
    const settings = new StationSettings(stage.switch);
    expect(settings).toMatchObject({ size: 128, gcInterval: 2, expire: 100, minPersistence: 3 });
    settings.expire = 7;
    settings.minPersistence = 1;
    expect(stage.switch.database).toMatchObject({ ageingTime: 7_000, minPersistence: 1_000 });
    settings.expire = -1;
    settings.minPersistence = -1;
    expect(stage.switch.database).toMatchObject({ ageingTime: 0, minPersistence: 0 });
    expect([settings.expire, settings.minPersistence]).toEqual([-1, -1]);
  });

  it('let no station grow old while nothing is swept', () => {
    using stage = new ConsoleStage();
    const settings = new StationSettings(stage.switch);
    settings.gcInterval = 0;
    settings.expire = 7;
    expect(stage.switch.database.ageingTime).toBe(Infinity);
    settings.gcInterval = 5;
    expect(stage.switch.database.ageingTime).toBe(7_000);
  });
});
