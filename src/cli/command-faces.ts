import { resolve } from 'node:path';
import type { OpenFace } from '../daemon/management.ts';
import { noteService, type RunningService, type ServiceNote, type ServiceRole } from '../daemon/running-services.ts';
import { isForUser, messageOf } from '../errors.ts';
import { apiAt } from '../http/own-api.ts';
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

/** The faces by which commands reach a service: its API, and the note by which they find it. */
export class CommandFaces {
  readonly faces: readonly OpenFace[];
  #note: ServiceNote | undefined;
  #member: Member = { group: undefined, name: undefined };

  constructor({ role, state, home }: AskedService, random: Random) {
    const api = resolve(apiSocketIn(home));
    this.faces = [
      apiAt(api, random),
      ({ directory: sock }, { log }) => {
        try {
          this.#note = noteService({ role, sock, state: state === undefined ? undefined : resolve(state), api }, random);
          return this.#note;
        } catch (error) {
          if (!isForUser(error)) throw error;
          log.warn(`commands find this service only by --state or --sock: ${messageOf(error)}`);
          return { [Symbol.dispose]: () => undefined };
        }
      },
    ];
  }

  /** Notes the group of the service, and its name there. A note that cannot be changed stays as it is: the service is found by it all the same. */
  noteMember({ group, name }: Member): void {
    if (group === this.#member.group && name === this.#member.name) return;
    try {
      this.#note?.change({ group, name });
      this.#member = { group, name };
    } catch (error) {
      if (!isForUser(error)) throw error;
    }
  }
}

/** A service as a member of its group. */
type Member = Pick<RunningService, 'group' | 'name'>;
