import { describe, expect, it } from 'vitest';
import { moveLog } from '../../src/daemon/move-log.ts';
import { guestName, macOfId } from '../../src/star/identity.ts';
import { logTo } from '../../src/log.ts';
import { StationMoves, type LoopSign, type StationMove } from '../../src/management/station-moves.ts';
import { vid } from '../../src/wire/dot1q.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';
import { testFrame, TestSwitch } from '../switch/test-switch.ts';
import { ConsoleStage } from '../vde-console/console-stage.ts';

/** Returns a switch of three ports whose moves are reported. */
function stage(): { s: TestSwitch; reports: (StationMove | LoopSign)[]; hear: (port: number, from: number, times?: number) => void } {
  const reports: (StationMove | LoopSign)[] = [];
  const s: TestSwitch = new TestSwitch({ 1: {}, 2: {}, 3: {} }, { moved: (...move) => moves.note(...move) });
  const moves = new StationMoves(s.clock);
  moves.reports.subscribe((report) => reports.push(report));
  const hear = (port: number, from: number, times = 1): void => {
    for (let i = 0; i < times; i++) s.receive(port, testFrame({ from }));
  };
  return { s, reports, hear };
}

const mac = (from: number): number => 0x0200_0000_0000 + from;

describe('a station that is heard behind another port', () => {
  it('is reported at once, and then once a minute with a count, by where it stays', () => {
    const { s, reports, hear } = stage();
    hear(1, 7, 5);
    expect(reports).toEqual([]);
    hear(2, 7);
    const held = { kind: 'move', vid: 0, mac: mac(7), from: 1, to: 2, stays: true };
    expect(reports).toEqual([{ ...held, more: 0 }]);
    hear(2, 7, 50);
    s.clock.advanceSeconds(1);
    hear(1, 7);
    expect(reports).toHaveLength(1);
    // By now it is silent where it was.
    s.clock.advanceSeconds(4);
    hear(3, 7);
    s.clock.advanceSeconds(56);
    expect(reports.slice(1)).toEqual([{ ...held, to: 3, stays: false, more: 51 }]);
    hear(3, 7);
    s.clock.advanceSeconds(60);
    expect(reports).toHaveLength(2);
    hear(1, 7);
    expect(reports.slice(2)).toEqual([{ ...held, from: 3, to: 1, stays: false, more: 0 }]);
  });

  it('is reported alone, however many there are, within bounds', () => {
    const { s, reports, hear } = stage();
    for (let from = 0; from < 1000; from++) hear(1, from);
    s.clock.advanceSeconds(4);
    for (let from = 0; from < 1000; from++) hear(2, from);
    expect(reports).toHaveLength(17);
    s.clock.advanceSeconds(61);
    expect(reports.filter(({ kind }) => kind === 'move').slice(17)).toEqual([expect.objectContaining({ mac: mac(999), more: 983 })]);
    s.clock.advanceSeconds(60);
    s.bridge[Symbol.dispose]();
    expect(s.clock.timers).toBe(0);
  });

  it('is no sign of a loop when two stations share an address, however much they send', () => {
    const { s, reports, hear } = stage();
    for (let i = 0; i < 5000; i++) {
      hear(1, 7);
      hear(2, 7);
      if (i % 1000 === 0) s.clock.advance(100);
    }
    s.clock.advanceSeconds(2);
    expect(reports.map(({ kind }) => kind)).toEqual(['move']);
  });
});

describe('a loop', () => {
  it('is named with its ports, once a minute', () => {
    const { s, reports, hear } = stage();
    for (let round = 0; round < 3; round++) {
      hear(1, 7);
      // A frame flooded by one of the looped ports comes back by the other.
      for (let i = 0; i < 200; i++) {
        hear(2, 7);
        hear(3, 7);
      }
      s.clock.advanceSeconds(1.5);
    }
    const loops = reports.filter(({ kind }) => kind === 'loop');
    expect(loops).toEqual([{ kind: 'loop', ports: [2, 3], stations: 1, frames: 400 }]);
    s.clock.advanceSeconds(120);
    hear(1, 7);
    hear(2, 7);
    hear(3, 7);
    s.clock.advanceSeconds(2);
    expect(reports.filter(({ kind }) => kind === 'loop')).toHaveLength(1);
  });
});

describe('what the log and the console say of moves', () => {
  const move = { kind: 'move', vid: vid(0), mac: macOfId(7), from: 1, to: 2, stays: false, more: 0 } as const;

  it('is words with the names of ports and guests, and fields', () => {
    const lines: [string, object][] = [];
    const tell = moveLog(
      logTo((message, fields, level) => lines.push([`${level}: ${message}`, fields])),
      { station: guestName, port: (number) => `port ${number}, tcp` },
    );
    tell(move);
    tell({ ...move, mac: macFromNumber(0x0200_0000_0001), vid: vid(5), stays: true, more: 3 });
    tell({ kind: 'loop', ports: [2, 3], stations: 4, frames: 5000 });
    const fields = { event: 'station-moved', mac: '02:65:6c:00:00:07', id: 7, from: 'port 1, tcp', to: 'port 2, tcp' };
    expect(lines[0]).toEqual(['warn: MAC 02:65:6c:00:00:07 of guest 7 moved from port 1, tcp to port 2, tcp', fields]);
    expect(lines[1]?.[0]).toBe(
      'warn: MAC 02:00:00:00:00:01 in VLAN 5 is in use behind two ports: port 1, tcp, where it stays while frames come from there, and port 2, tcp; two stations have this address, or it moved a moment ago (3 more in the last 60 s)',
    );
    expect(lines[2]?.[0]).toMatch(/^warn: there is a loop behind ports 2, 3: in 1 s 5000 frames of 4 stations .* \(fstp\/setfstp 1\)$/);
  });

  it('is an event for sessions that asked for it', () => {
    const clock = new ManualClock();
    const moves = new StationMoves(clock);
    const stage = new ConsoleStage({ managed: { moves } });
    const [one, other] = [stage.session(), stage.session()];
    one.say('debug/add hash/move');
    one.shown = other.shown = '';
    moves.note(vid(0), macOfId(7), 1, 2, false);
    for (let i = 0; i < 3; i++) moves.note(vid(0), macOfId(7), 2, 3, true);
    clock.advanceSeconds(60);
    expect(one.shown).toBe(
      '3013 hash/move 02:65:6c:00:00:07 VLAN 0000 Port 1 -> 2\n3013 hash/move 02:65:6c:00:00:07 VLAN 0000 Port 2 -> 3 held +3\n',
    );
    expect(other.shown).toBe('');
  });
});
