import type { DemoEvent } from './demo-events.ts';

/** One switch of the star, with its guest or station. Times are milliseconds since the demo's start. */
export interface DemoRow {
  readonly role: 'master' | 'slave';
  /** The id of switch and guest. A slave has none before it has joined. */
  readonly id: number | undefined;
  readonly port: number | undefined;
  readonly mac: string | undefined;
  readonly address: string | undefined;
  /** `starting`, `joined`, or the state of the guest: `started`, `booting`, `booted`, `linked`, `ready`, `leased`, `unlinked`, `died`. */
  readonly state: string;
  /** The time when it entered that state. */
  readonly since: number;
  /** The time when its guest first had an address. */
  readonly leasedAt: number | undefined;
  /** The results of the pings to each address. */
  readonly roundTrips: ReadonlyMap<string, RoundTrips>;
}

/** The results of the pings to one address. */
export interface RoundTrips {
  /** The last round-trip time in milliseconds; undefined if the last ping had no answer. */
  readonly last: number | undefined;
  /** The number of answers. */
  readonly answers: number;
}

/** The star's switches: the master, then the slaves. */
export type DemoTable = readonly DemoRow[];

/** Returns the table at the start. */
export function newDemoTable(slaves: number): DemoTable {
  return Array.from({ length: slaves + 1 }, (_, place) => ({
    role: place === 0 ? 'master' : 'slave',
    id: place === 0 ? 0 : undefined,
    port: undefined,
    mac: undefined,
    address: undefined,
    leasedAt: undefined,
    state: 'starting',
    since: 0,
    roundTrips: new Map(),
  }));
}

/** Returns the table after an event at the switch with index `place`, at the time `at`. */
export function advanceDemo(table: DemoTable, place: number, event: DemoEvent, at: number): DemoTable {
  return table.map((row, index) => (index === place ? advanceRow(row, event, at) : row));
}

/** Returns true if every guest has an address and takes commands. */
export function allLeased(table: DemoTable): boolean {
  return table.every(({ state }) => state === 'leased');
}

/** Returns true if a guest ended by itself. */
export function anyDied(table: DemoTable): boolean {
  return table.some(({ state }) => state === 'died');
}

/** An ordered pair of guests, sender and target, with the results of its pings; undefined while there are none. */
export interface DemoPair {
  readonly from: DemoRow;
  readonly to: DemoRow;
  readonly roundTrips: RoundTrips | undefined;
}

/** Returns all ordered pairs of different guests, by id. */
export function demoPairs(table: DemoTable): readonly DemoPair[] {
  const rows = inOrder(table);
  return rows.flatMap((from) =>
    rows
      .filter((to) => to !== from)
      .map((to) => ({ from, to, roundTrips: to.address === undefined ? undefined : from.roundTrips.get(to.address) })),
  );
}

/** Returns true if every guest has reached every other twice. The first time includes the ARP request. */
export function allReached(table: DemoTable): boolean {
  return demoPairs(table).every(({ roundTrips }) => roundTrips !== undefined && roundTrips.answers >= 2);
}

/** Returns the rows sorted by id; rows without an id are last. */
export function inOrder(table: DemoTable): readonly DemoRow[] {
  return [...table].sort((a, b) => (a.id ?? Infinity) - (b.id ?? Infinity) || 0);
}

function advanceRow(row: DemoRow, event: DemoEvent, at: number): DemoRow {
  switch (event.type) {
    case 'joined':
      return { ...row, id: event.id, mac: event.mac, ...(row.state === 'starting' && { state: 'joined', since: at }) };
    case 'port':
      return { ...row, port: event.port };
    case 'ping':
      return { ...row, roundTrips: new Map(row.roundTrips).set(event.peer, addedTo(row.roundTrips.get(event.peer), event.milliseconds)) };
    case 'guest': {
      const { id, mac, address } = event;
      const state = event.state === 'ready' && address !== undefined ? 'leased' : event.state;
      const since = state === row.state ? row.since : at;
      const leasedAt = row.leasedAt ?? (address === undefined ? undefined : at);
      return { ...row, id, mac, address, state, since, leasedAt };
    }
  }
}

function addedTo(known: RoundTrips | undefined, milliseconds: number | undefined): RoundTrips {
  return { last: milliseconds, answers: (known?.answers ?? 0) + (milliseconds === undefined ? 0 : 1) };
}
