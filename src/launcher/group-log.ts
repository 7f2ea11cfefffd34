import type { PortEnvironment } from '../ports/environment.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import type { GroupEvent } from '../star/group-event.ts';

/** Returns the function that writes a group's events to its master's log. */
export function groupLog({ clock, log }: Pick<PortEnvironment, 'clock' | 'log'>): (event: GroupEvent) => void {
  const warn = onceAMinute(clock, log.warn);
  const seldom = onceAMinute(clock, log);
  const fail = onceAMinute(clock, log.error);
  return (event) => {
    switch (event.type) {
      case 'joined': {
        const by = event.token === undefined ? '' : ` by token ${event.token}`;
        const fields = { event: 'member', change: 'joined', id: event.id, member: event.name };
        (event.first ? log.warn : log)(
          `slave ${event.id} at ${event.from} joined${event.first ? ` as ${event.name}${by}: it is new` : ''}`,
          fields,
        );
        return;
      }
      case 'waiting':
        log.warn(`slave ${event.id} (${event.name}) at ${event.from} waits until it is accepted: run "etherloom group accept ${event.id}"`);
        return;
      case 'refused':
        warn(`refused the slave at ${event.from}: ${event.reason}`, { key: event.reason });
        return;
      case 'stranger':
        warn(`the control connection from ${event.from} ended without a hello: ${event.reason}`, { key: event.reason });
        return;
      case 'disconnected':
        log(`slave ${event.id} at ${event.from} left: ${event.reason}`);
        return;
      case 'suspect':
        log(`slave ${event.id} (${event.name}) is silent`);
        return;
      case 'ids-short':
        log.warn(`${event.left} ids are left; kick members that are gone`);
        return;
      case 'not-kept':
        fail(
          `cannot keep a change of the group: ${event.reason}; members still come back, and new ones are refused until the disk takes it`,
          {
            key: event.reason,
          },
        );
        return;
      case 'linked':
      case 'unlinked':
      case 'back':
        return;
      case 'token-made':
      case 'token-revoked':
      case 'token-forgotten':
        log(
          `token ${event.token} ${event.type === 'token-made' ? 'was made' : event.type === 'token-revoked' ? 'was revoked' : 'is forgotten'}`,
        );
        return;
      case 'next-pin':
        log.warn(`the key of this master is being changed: the next one has the pin ${event.pin}`);
        return;
      case 'new-pin': {
        const { missing } = event;
        const join = missing.length === 0 ? '' : `; these slaves must join by a new line, with --new-master: ${missing.join(', ')}`;
        log.warn(`this master has a new key, with the pin ${event.pin}, instead of the one with ${event.before}${join}`);
        return;
      }
      case 'pin-kept':
        log.warn('this master keeps its key: the change was cancelled');
        return;
      case 'shortcut-opened':
      case 'shortcut-closed': {
        const { id, peer } = event;
        const isOpen = event.type === 'shortcut-opened';
        seldom(
          `slave ${id} (${event.name}) and slave ${peer.id} (${peer.name}) have ${isOpen ? 'a shortcut now' : 'no shortcut any more'}`,
          {
            key: `${event.type} ${id} ${peer.id}`,
          },
        );
        return;
      }
      case 'ended':
        log('the group was ended');
        return;
      default:
        log(`slave ${event.id} (${event.name}) ${sayings[event.type]}`, { event: 'member', change: event.type, id: event.id });
    }
  };
}

const sayings = {
  'holds-pin': 'has the pin of the next key',
  disputed: 'was told different new pins of this master, one of them by a thief of its key, and takes none of them',
  accepted: 'was accepted',
  kicked: 'was kicked: its key is barred',
  renamed: 'has this name now',
  replaced: 'has a new key now: the old one is barred',
  left: 'left the group for good',
  forgotten: 'is forgotten: its id is free',
} as const;
