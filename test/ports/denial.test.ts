import { describe, expect, it } from 'vitest';
import { denialText } from '../../src/ports/pure/port.ts';

describe('the reason why a client gets no port', () => {
  it.each([
    ['all-in-use', 'any', 31, 'all 31 ports of the switch are in use; start the switch with a higher --numports (-n)'],
    ['all-in-use', 'any', 0, 'the switch has the management port only; start the switch with a higher --numports (-n)'],
    ['no-such-port', 32, 31, 'the switch does not have port 32: its ports are 1 to 31; start the switch with a higher --numports (-n)'],
    ['reserved', 3, 31, 'port 3 is reserved for another user or group (port/setuser, port/setgroup)'],
    ['other-user', 3, 31, 'port 3 is in use by a client of another user'],
    ['other-user', 'management', 31, 'the management port is in use by a client of another user'],
    ['crowded', 3, 31, 'port 3 has as many clients as one port can have'],
    ['no-management', 'management', 0, 'this switch has no management port'],
  ] as const)('is said: %s, wish %s', (reason, wish, ports, text) => {
    expect(denialText({ reason, ports }, wish)).toBe(text);
  });

  it('tells reserved ports from ports in use', () => {
    expect(denialText({ reason: 'none-open', ports: 31 }, 'any')).toMatch(/^the free ports of the switch are reserved .*--numports/);
  });
});
