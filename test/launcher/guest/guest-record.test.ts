import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  guestFilesIn,
  readGuestRecord,
  removeGuestTraces,
  writeGuestRecord,
  type GuestRecord,
} from '../../../src/launcher/guest/guest-record.ts';
import { temporaryDirectory } from './real-guest.ts';

const record: GuestRecord = {
  pid: 4711,
  startTime: 123456,
  bootId: 'cf6e0b56-9724-4aa4-af4f-f0998390e6f6',
  id: 3,
  mac: '02:65:6c:00:00:03',
  attach: 'dgram',
  specDigest: '0123456789abcdef',
  consoleOffset: 99,
  sockets: ['/run/nic/q'],
};

describe('a guest record', () => {
  it('is read as it was written, and is nobody else’s to read', async () => {
    const path = join(temporaryDirectory(), 'guest.json');
    await writeGuestRecord(path, record);
    expect(readGuestRecord(path)).toEqual(record);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is undefined when it is missing, torn or lacks anything', () => {
    const path = join(temporaryDirectory(), 'guest.json');
    expect(readGuestRecord(path)).toBeUndefined();
    const text = JSON.stringify(record);
    for (const torn of ['', text.slice(0, -1), 'null', '[]', text.replace('4711', '1'), text.replace('4711', '"4711"')]) {
      writeFileSync(path, torn);
      expect(readGuestRecord(path)).toBeUndefined();
    }
    for (const key of Object.keys(record)) {
      writeFileSync(path, JSON.stringify({ ...record, [key]: undefined }));
      expect(readGuestRecord(path)).toBeUndefined();
    }
  });

  it('never throws on whatever stands in the file', () => {
    const path = join(temporaryDirectory(), 'guest.json');
    fc.assert(
      fc.property(fc.json(), (text) => {
        writeFileSync(path, text);
        return readGuestRecord(path) === undefined;
      }),
      { numRuns: 50 },
    );
  });
});

describe('removeGuestTraces', () => {
  it('leaves the logs only', () => {
    const state = join(temporaryDirectory(), 'guest');
    mkdirSync(state);
    const files = guestFilesIn(state);
    const socket = join(state, 'socket');
    for (const path of Object.values<string>({ ...files, socket })) writeFileSync(path, '');
    removeGuestTraces(files, [socket]);
    expect(readdirSync(state).sort()).toEqual(['console.log', 'qemu.log']);
    removeGuestTraces(files, [socket]);
  });
});
