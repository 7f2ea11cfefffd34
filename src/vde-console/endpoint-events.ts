import { plainMenu, type Menu } from './command.ts';
import type { Category, Events } from './events.ts';
import type { Managed } from '../management/managed.ts';
import type { PortChange } from '../management/port-table.ts';
import { padded } from './text.ts';

const created: Category = { path: 'port/+', tag: 0o021, help: 'a port became active' };
const emptied: Category = { path: 'port/-', tag: 0o022, help: 'a port became inactive' };
const described: Category = { path: 'port/descr', tag: 0o023, help: 'the description of an endpoint' };
const joined: Category = { path: 'port/ep/+', tag: 0o031, help: 'an endpoint was added to a port' };
const left: Category = { path: 'port/ep/-', tag: 0o032, help: 'an endpoint left a port' };

/** Emits the events of ports and endpoints. The menu has no commands. */
export function endpointEvents({ ports }: Managed, events: Events): Menu {
  const categories = events.add([created, emptied, described, joined, left]);
  const watching = ports.changes.subscribe((change) => tell(events, change));
  return {
    ...plainMenu(),
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      categories[Symbol.dispose]();
    },
  };
}

/** The original has no events for these. */
const withoutEvent: ReadonlySet<PortChange['kind']> = new Set(['removed', 'conditioned', 'up', 'down']);

function tell(events: Events, change: PortChange): void {
  if (withoutEvent.has(change.kind)) return;
  const port = padded(change.port, 2);
  if (!('endpoint' in change)) {
    events.emit(change.kind === 'created' ? created : emptied, port);
    return;
  }
  const { id, description } = change.endpoint;
  const place = `Port ${port} FD ${String(id).padStart(2)}`;
  events.emit(change.kind === 'joined' ? joined : left, place);
  if (change.kind === 'joined') events.emit(described, `${place} -> "${description}"`);
}
