import { command, heading, plainMenu, query, type Call, type Menu } from '../command.ts';
import type { Category, Events, Listener } from '../events.ts';
import type { Status } from '../../management/status.ts';

/** Makes the menu of events, at which sessions subscribe. */
export function debugMenu(events: Events): Menu {
  return plainMenu(
    heading('debug', 'events'),
    query('debug/list', '', 'list the categories of events and whether this session receives them', ({ argument, giver, print }) => {
      const found = events.matching(argument);
      const isOn = (category: Category): boolean => giver.listener !== undefined && events.has(category, giver.listener);
      print(row('CATEGORY', 'TAG', 'STATUS', 'HELP'));
      print(row('------------', '---', '------', '----'));
      for (const one of found) print(row(one.path, one.tag.toString(8).padStart(3, '0'), isOn(one) ? 'ON' : 'OFF', one.help));
      return found.length > 0 ? 'success' : 'ENOENT';
    }),
    command('debug/add', 'dbgpath', 'receive the events whose category begins with dbgpath', (call) =>
      change(events, call, 'EEXIST', (category, listener) => events.subscribe(category, listener)),
    ),
    command('debug/del', 'dbgpath', 'stop receiving them', (call) =>
      change(events, call, 'ENOENT', (category, listener) => events.unsubscribe(category, listener)),
    ),
  );
}

/** Changes all matching kinds of events. Returns `unchanged` if none had to be changed. */
function change(events: Events, { argument, giver }: Call, unchanged: Status, act: (one: Category, listener: Listener) => boolean): Status {
  const { listener } = giver;
  if (!listener) return 'ENOSYS';
  const found = events.matching(argument);
  if (found.length === 0) return 'EINVAL';
  return found.filter((category) => act(category, listener)).length > 0 ? 'success' : unchanged;
}

function row(path: string, tag: string, status: string, help: string): string {
  return `${path.padEnd(22)} ${tag.padEnd(3)} ${status.padEnd(6)} ${help}`;
}
