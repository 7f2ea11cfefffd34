import { resolve } from 'node:path';
import type { OpenFace } from '../daemon/management.ts';
import { noteService, type ServiceRole } from '../daemon/running-services.ts';
import { isForUser, messageOf } from '../errors.ts';
import { apiAt } from '../http/api-listener.ts';
import { apiSocketIn } from '../http/paths.ts';
import type { Random } from '../random.ts';

/** A service that commands can ask. */
export interface AskedService {
  readonly role: ServiceRole;
  /** The directory of its state; undefined for a switch without one. */
  readonly state?: string | undefined;
  /** The directory of its API's socket. */
  readonly home: string;
}

/** Returns the faces by which commands reach a service: its API, and the note by which they find it. */
export function commandFaces({ role, state, home }: AskedService, random: Random): readonly OpenFace[] {
  const api = resolve(apiSocketIn(home));
  return [
    apiAt(api),
    ({ directory: sock }, { log }) => {
      try {
        return noteService({ role, sock, state: state === undefined ? undefined : resolve(state), api }, random);
      } catch (error) {
        if (!isForUser(error)) throw error;
        log.warn(`commands find this service only by --state or --sock: ${messageOf(error)}`);
        return { [Symbol.dispose]: () => undefined };
      }
    },
  ];
}
