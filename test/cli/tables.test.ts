import { describe, expect, it } from 'vitest';
import { parseDuration, shortNumber, shortRoundTrip, shortTime } from '../../src/cli/amounts.ts';
import { tableOf, type Column } from '../../src/cli/columns.ts';
import { eventText } from '../../src/cli/event-text.ts';
import { jsonLine } from '../../src/cli/json-text.ts';

interface Row {
  readonly id: number;
  readonly name: string;
  readonly host: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'ID', right: true, text: ({ id }) => String(id) },
  { title: 'NAME', text: ({ name }) => name, least: 10 },
  { title: 'HOST', text: ({ host }) => host, least: 8 },
];

describe('a table', () => {
  it('has aligned columns, numbers at the right', () => {
    const rows = [
      { id: 3, name: 'web', host: 'a' },
      { id: 120, name: 'db', host: 'b-host' },
    ];
    expect(tableOf(columns, rows)).toBe(' ID  NAME  HOST\n  3  web   a\n120  db    b-host\n');
  });

  it('has only its titles without rows', () => expect(tableOf(columns, [])).toBe('ID  NAME  HOST\n'));

  it('is at most 100 characters wide, the widest columns being cut', () => {
    const lines = tableOf(columns, [{ id: 1, name: 'n'.repeat(63), host: 'h'.repeat(255) }]).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines[1]).toMatch(/^ 1 {2}n{40,}… {2}h{40,}…$/);
  });

  it('lets no text of others act on a terminal', () => {
    const hostile = '\u001b[2Jx\n\u009b31m\u202ey';
    expect(tableOf(columns, [{ id: 1, name: hostile, host: hostile }])).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

describe('amounts', () => {
  it.each([
    [0, '0 s'],
    [119.9, '119 s'],
    [120, '2 min'],
    [7200, '2 h'],
    [172_800, '2 d'],
  ])('%f s is %s', (seconds, text) => expect(shortTime(seconds)).toBe(text));

  it.each([
    [0, '0'],
    [999, '999'],
    [999.6, '1.00k'],
    [1534, '1.53k'],
    [15_340, '15.3k'],
    [999_600, '1.00M'],
    [204_000_000, '204M'],
  ])('%f is %s', (number, text) => expect(shortNumber(number)).toBe(text));

  it.each([
    [0.213, '0.21 ms'],
    [3.44, '3.4 ms'],
    [34.2, '34 ms'],
  ])('%f ms is %s', (time, text) => expect(shortRoundTrip(time)).toBe(text));

  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['2h', 7200],
    ['7d', 604_800],
    ['2', undefined],
    ['0h', undefined],
    ['2 h', undefined],
    ['-2h', undefined],
    ['1.5h', undefined],
    ['2hours', undefined],
    ['1h30m', undefined],
    ['', undefined],
  ])('the duration %s has %s seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
});

describe('an event in words', () => {
  it.each([
    [{ kind: 'port', change: 'up', port: 3 }, 'port 3: up'],
    [{ kind: 'port', change: 'set', port: 3, condition: 'down' }, 'port 3: down'],
    [{ kind: 'endpoint', change: 'joined', port: 3, module: 'unix prog', description: 'x' }, 'port 3: unix prog x joined'],
    [
      { kind: 'station', change: 'moved', mac: '02:00:00:00:00:01', from: 1, to: 2, vlan: 7 },
      'station 02:00:00:00:00:01 moved from port 1 to port 2 in VLAN 7',
    ],
    [{ kind: 'loop', ports: [1, 2], frames: 300 }, 'a loop between the ports 1, 2: 300 frames came back in a second'],
    [{ kind: 'tree', change: 'root', vlan: 0, root: '80:00' }, 'tree of VLAN 0: root 80:00'],
    [{ kind: 'link', change: 'down', port: 2, peer: 'tcp x' }, 'link to tcp x, port 2: down'],
    [{ kind: 'lease', change: 'bound', address: '10.0.0.2', mac: 'm' }, 'lease bound 10.0.0.2 m'],
    [{ kind: 'member', change: 'joined', id: 3, name: 'web', address: '192.0.2.7' }, 'member 3 web: joined, from 192.0.2.7'],
    [{ kind: 'member', change: 'refused', address: '192.0.2.7', reason: 'no token' }, 'a host: refused, from 192.0.2.7: no token'],
    [{ kind: 'member', change: 'ended' }, 'the group has ended'],
    [{ kind: 'guest', id: 3, state: 'ready', address: '10.0.0.2' }, 'guest 3: ready, 10.0.0.2'],
    [{ kind: 'drops', port: 3, reason: 'runt', frames: 4 }, 'port 3: 4 frames dropped: runt'],
    [
      { kind: 'drops', port: 3, member: { id: 7, name: 'web' }, reason: 'forged-arp', frames: 4 },
      'port 3, member 7 web: 4 frames dropped: forged-arp',
    ],
    [{ kind: 'lost', events: 9 }, '9 events lost, since they were not read in time'],
    [{ kind: 'new', more: 1 }, '{"kind":"new","more":1}'],
  ])('%o', (event, words) => expect(eventText(event)).toBe(words));

  it('begins with its local time', () => {
    expect(eventText({ kind: 'port', change: 'up', port: 3, time: '2026-11-30T04:21:07.000Z' })).toMatch(/^\d\d:\d1:07 port 3: up$/);
  });

  it('is clean, in words and as JSON', () => {
    const event = { kind: 'member', change: 'lost', name: 'x\u001b]0;y\u0007\u009b\u202e' };
    expect(eventText(event)).toMatch(/^[\x20-\x7e]*$/);
    expect(jsonLine(event)).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(jsonLine(event))).toEqual(event);
  });
});
