import type { DemoEvent } from '../../../src/launcher/demo/demo-events.ts';
import { advanceDemo, newDemoTable, type DemoTable } from '../../../src/launcher/demo/demo-table.ts';

/** An event at a place of the table, and its time, in milliseconds. */
export type Happening = readonly [place: number, event: DemoEvent, at: number];

/** Returns the table of a master and two slaves after all this. */
export function tableAfter(...happenings: readonly Happening[]): DemoTable {
  return happenings.reduce((table, [place, event, at]) => advanceDemo(table, place, event, at), newDemoTable(2));
}

/** Returns an event: the guest with that id is in that state. */
export function guest(id: number, state: string, address?: string): DemoEvent {
  return { type: 'guest', id, mac: `02:65:6c:00:00:0${id}`, state, address };
}

/** All guests have their addresses: that of the master's, and those of slave 2 and slave 1, which came in that order. */
export const leased: readonly Happening[] = [
  [0, { type: 'port', port: 3 }, 10],
  [1, { type: 'joined', id: 2, mac: '02:65:6c:00:00:02' }, 20],
  [2, { type: 'joined', id: 1, mac: '02:65:6c:00:00:01' }, 30],
  [0, guest(0, 'ready', '10.77.0.10'), 4000],
  [1, guest(2, 'ready', '10.77.0.12'), 4100],
  [2, guest(1, 'ready', '10.77.0.11'), 4200],
];

/** Returns events: every guest pinged every other, that many times; each answer took a hundredth more than the one before. */
export function pinged(times: number): Happening[] {
  const addresses = ['10.77.0.10', '10.77.0.12', '10.77.0.11'];
  let milliseconds = 1;
  return Array.from({ length: times }).flatMap(() =>
    addresses.flatMap((own, place) =>
      addresses
        .filter((peer) => peer !== own)
        .map((peer): Happening => [place, { type: 'ping', peer, milliseconds: (milliseconds += 0.01) }, 5000]),
    ),
  );
}
