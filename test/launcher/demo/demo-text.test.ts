import { describe, expect, it } from 'vitest';
import { newDemoTable } from '../../../src/launcher/demo/demo-table.ts';
import { changeLines, summaryLines, tableLines } from '../../../src/launcher/demo/demo-text.ts';
import { guest, leased, pinged, tableAfter } from './demo-tables.ts';

const plain = { width: 120, colour: false };

describe("the demo's table as text", () => {
  it('has a line for each switch, in the order of ids', () => {
    expect(tableLines(tableAfter(...leased, ...pinged(1)), plain)).toEqual([
      'switch   port  guest  MAC                address     state   since    round trip (ms)',
      'master   3     0      02:65:6c:00:00:00  10.77.0.10  leased    4.0 s  1: 1.02  2: 1.01',
      'slave 1  -     1      02:65:6c:00:00:01  10.77.0.11  leased    4.2 s  0: 1.05  2: 1.06',
      'slave 2  -     2      02:65:6c:00:00:02  10.77.0.12  leased    4.1 s  0: 1.03  1: 1.04',
    ]);
  });

  it('shows dashes for what is not known yet', () => {
    expect(tableLines(newDemoTable(1), plain).slice(1)).toEqual([
      'master  -     0      -    -        starting    0.0 s',
      'slave   -     -      -    -        starting    0.0 s',
    ]);
  });

  it.each([
    [80, 'switch   port  guest  address     state   since    round trip (ms)'],
    [55, 'switch   address     state   since    round trip (ms)'],
    [45, 'switch   address     state   round trip (ms)'],
    [30, 'switch   address     state'],
    [10, 'switch   a'],
  ])('leaves columns out where there are %i only, the least telling first', (width, head) => {
    const lines = tableLines(tableAfter(...leased, ...pinged(1)), { width, colour: false });
    expect(lines[0]?.trimEnd()).toBe(head);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('has the same letters with colours, and no colours without', () => {
    const table = tableAfter(...leased, [1, guest(2, 'died'), 9000]);
    const coloured = tableLines(table, { ...plain, colour: true });
    const escapes = new RegExp(['\u001b', '\\[\\d*m'].join(''), 'g');
    expect(coloured.join('\n')).toMatch(escapes);
    expect(coloured.map((line) => line.replaceAll(escapes, ''))).toEqual(tableLines(table, plain));
  });
});

describe('what is new between two tables', () => {
  it('is a line for each new state or address', () => {
    const before = tableAfter(...leased.slice(0, 3));
    expect(changeLines(before, tableAfter(...leased.slice(0, 4)), 4000)).toEqual([
      '  4.0 s  master  port 3  02:65:6c:00:00:00  leased  10.77.0.10',
    ]);
    expect(changeLines(before, before, 4000)).toEqual([]);
  });

  it('is a line for the first answer of a guest to another, and for no later one', () => {
    const [first] = pinged(1);
    if (first === undefined) throw new Error('a ping');
    const [before, after, later] = [[], [first], [first, first]].map((more) => tableAfter(...leased, ...more));
    if (before === undefined || after === undefined || later === undefined) throw new Error('three tables');
    expect(changeLines(before, after, 5000)).toEqual(['  5.0 s  guest 0 reaches guest 2 at 10.77.0.12 in 1.01 ms']);
    expect(changeLines(after, later, 6000)).toEqual([]);
  });
});

describe('the summary', () => {
  it('tells what there was, the last lease, and the round trips', () => {
    const front = { kind: 'guests', description: 'QEMU 7.2.22, dgram, tcg' } as const;
    expect(summaryLines(tableAfter(...leased, ...pinged(1)), front, 1000)).toEqual([
      '3 guests (QEMU 7.2.22, dgram, tcg)',
      'last lease 3.2 s after the star was started, 4.2 s after the command',
      '6 of 6 pairs reach each other; round trips 1.01 / 1.04 / 1.06 ms (least / median / most)',
    ]);
  });
});
