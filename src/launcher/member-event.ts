import type { GroupEvent } from '../management/parts/group.ts';
import type { GroupEvent as EngineEvent } from '../star/group-event.ts';

/** Returns the event of an engine for all faces; undefined if it is none of members. */
export function memberEvent(event: EngineEvent): GroupEvent | undefined {
  switch (event.type) {
    case 'joined':
      return { kind: 'joined', id: event.id, name: event.name, address: event.from, fingerprint: event.key };
    case 'refused':
      return {
        kind: event.code === 'copied' || event.code === 'alive' ? 'copied' : 'refused',
        id: event.id,
        address: event.from,
        fingerprint: event.key,
        reason: event.reason,
      };
    case 'disconnected':
      return { kind: 'lost', id: event.id, name: event.name, address: event.from, reason: event.reason };
    case 'ended':
      return { kind: 'ended' };
    case 'next-pin':
    case 'new-pin':
      return { kind: event.type, fingerprint: event.pin };
    case 'pin-kept':
      return { kind: 'pin-kept' };
    case 'shortcut-opened':
    case 'shortcut-closed':
      return { kind: event.type, id: event.id, name: event.name, peer: event.peer };
    case 'back':
      return { kind: 'joined', id: event.id, name: event.name, fingerprint: event.key };
    case 'stranger':
    case 'not-kept':
    case 'ids-short':
    case 'token-made':
    case 'token-revoked':
    case 'token-forgotten':
      return undefined;
    default:
      return { kind: event.type, id: event.id, name: event.name, fingerprint: event.key };
  }
}
