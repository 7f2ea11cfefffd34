import type { JoinMessage, Welcome } from './messages.ts';
import { isShortcutMessage } from './shortcut-messages.ts';
import type { SlaveCall } from './slave-call.ts';
import type { SlaveEvent } from './slave-event.ts';
import { allowedNews } from './slave-judgement.ts';
import type { SlavePins } from './slave-pins.ts';
import type { SlaveSelf } from './slave-self.ts';

/** The fields of a welcome that the master may change later. */
export type Told = Partial<Pick<Welcome, 'name' | 'masters' | 'term'>>;

/** The parts of a slave that news are for. */
interface Hearers {
  readonly self: SlaveSelf;
  readonly pins: SlavePins;
  /** The fields of the group's description that the slave's options allow. */
  readonly consent: ReadonlySet<string> | undefined;
  readonly emit: (event: SlaveEvent) => void;
  /** Called with changed fields of the welcome. */
  readonly told: (told: Told) => void;
}

/** The messages of a master to a slave behind the welcome. */
export class SlaveNews {
  readonly #hearers: Hearers;
  #serial = 0;

  constructor(hearers: Hearers) {
    this.#hearers = hearers;
  }

  /** Notes a welcome: the numbers of descriptions begin again. */
  begin(): void {
    this.#serial = 0;
  }

  /** Takes a message. Resolves once its effect is stored, or could not be. */
  async hear(call: SlaveCall, message: JoinMessage): Promise<void> {
    const { pins, consent, emit } = this.#hearers;
    switch (message.type) {
      case 'next-pin':
        await pins.hear(call, message.pin);
        return;
      case 'news':
        if (message.serial <= this.#serial) return;
        this.#serial = message.serial;
        emit(allowedNews(message, consent));
        return;
      case 'masters': {
        const { masters, term } = message;
        await this.#keep({ masters, term }, { type: 'masters', masters });
        return;
      }
      case 'renamed':
        await this.#keep({ name: message.name }, { type: 'renamed', name: message.name });
        return;
      default:
        if (isShortcutMessage(message)) emit({ type: 'shortcut', message });
    }
  }

  async #keep(told: Told, event: SlaveEvent): Promise<void> {
    const { self, emit, told: tell } = this.#hearers;
    tell(told);
    const kept = self.change((memory) => ({ ...memory, welcome: memory.welcome && { ...memory.welcome, ...told } }));
    emit(event);
    await kept;
  }
}
