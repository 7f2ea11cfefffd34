import { describe, expect, it } from 'vitest';
import { demoEventOf, demoTextOf } from '../../../src/launcher/demo/demo-events.ts';

const line = (fields: Record<string, unknown>): string => JSON.stringify({ level: 30, pid: 7, name: 'etherloom slave', ...fields });

describe('a line of a log', () => {
  it.each([
    [
      { event: 'joined', id: 2, mac: '02:65:6c:00:00:02', address: '10.77.0.12', msg: 'joined as slave 2' },
      { type: 'joined', id: 2, mac: '02:65:6c:00:00:02' },
    ],
    [
      { event: 'guest', id: 0, mac: '02:65:6c:00:00:00', state: 'booted', msg: 'guest 0: booted' },
      { type: 'guest', id: 0, mac: '02:65:6c:00:00:00', state: 'booted', address: undefined },
    ],
    [
      { event: 'guest', id: 0, mac: '02:65:6c:00:00:00', state: 'ready', address: '10.77.0.10', msg: '' },
      { type: 'guest', id: 0, mac: '02:65:6c:00:00:00', state: 'ready', address: '10.77.0.10' },
    ],
    [
      { event: 'ping', id: 0, peer: '10.77.0.11', milliseconds: 1.5 },
      { type: 'ping', peer: '10.77.0.11', milliseconds: 1.5 },
    ],
    [
      { event: 'ping', id: 0, peer: '10.77.0.11' },
      { type: 'ping', peer: '10.77.0.11', milliseconds: undefined },
    ],
    [{ msg: 'port 3: qemu /tmp/st/ms/guest/nic' }, { type: 'port', port: 3 }],
    [{ msg: 'port 12: unix prog station 02:65:6c:00:00:02' }, { type: 'port', port: 12 }],
  ])('tells the event in %j', (fields, event) => {
    expect(demoEventOf(line(fields))).toEqual(event);
  });

  it.each([
    line({ msg: 'port 1: tcp 127.0.0.1:7000' }),
    line({ msg: 'port 2: unix prog station 02:65:6c:00:00:02 is gone: the switch ends' }),
    line({ event: 'lease-bound', mac: '02:65:6c:00:00:02', address: '10.77.0.12', msg: 'lease-bound' }),
    line({ event: 'guest', id: '1', mac: 7, state: 'ready' }),
    'Error: something that is no JSON',
    'null',
    '7',
    '',
  ])('that is not for the table tells none: %s', (text) => {
    expect(demoEventOf(text)).toBeUndefined();
  });

  it('is read by people as its message, or as it is', () => {
    expect(demoTextOf(line({ msg: 'linked' }))).toBe('linked');
    expect(demoTextOf('Error: no JSON')).toBe('Error: no JSON');
  });
});
