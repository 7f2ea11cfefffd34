import { describe, expect, it } from 'vitest';
import { checkPorts, controlPortOf } from '../../src/star/control-port.ts';

describe('the ports of a master', () => {
  it.each([
    [7000, undefined, [[3, 7001]], 'the control port, which is the one above --listen and --slave-port 3=7001 both want port 7001'],
    [7000, undefined, [[3, 7000]], '--listen and --slave-port 3=7000 both want port 7000'],
    [7000, 7000, [], '--listen and --control both want port 7000'],
    [0, 8000, [[3, 8000]], '--control and --slave-port 3=8000 both want port 8000'],
    [
      7000,
      undefined,
      [
        [3, 7005],
        [4, 7005],
      ],
      '--slave-port 3=7005 and --slave-port 4=7005 both want port 7005',
    ],
  ] as const)('that are equal are named: %j, %j, %j', (link, control, slaves, message) => {
    expect(() => checkPorts(link, control, new Map(slaves))).toThrow(`${message}; choose another for one of them`);
  });

  it('that differ are taken', () => {
    expect(() =>
      checkPorts(
        7000,
        undefined,
        new Map([
          [3, 7002],
          [4, 7003],
        ]),
      ),
    ).not.toThrow();
    expect(() => checkPorts(0, undefined, new Map([[3, 7001]]))).not.toThrow();
    expect(() => controlPortOf(65_535)).toThrow(/--control/);
  });
});
