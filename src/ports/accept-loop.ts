import { SystemError } from '../errors.ts';
import type { Timer } from '../clock.ts';
import type { Watch } from '../system/readiness.ts';
import { accept, type Fd } from '../system/unix-socket.ts';
import type { PortEnvironment } from './environment.ts';
import { onceAMinute } from './once-a-minute.ts';

/** The most connections per turn: a crowd of clients must not delay the frames. */
const mostAtOnce = 64;

/** How long accepting pauses when the process has no descriptor left, in milliseconds. */
const descriptorPause = 100;

/** Accepts connections at a listening socket until it is disposed. The socket stays open; the connections belong to `welcome`. */
export class AcceptLoop implements Disposable {
  readonly #listening: Fd;
  readonly #welcome: (connection: Fd) => void;
  readonly #environment: AcceptEnvironment;
  readonly #who: string;
  readonly #watch: Watch;
  readonly #tellWait: (message: string) => void;
  #pause: Timer | undefined;
  #open = true;

  /** `who` is the log's word for the peers that wait while there is no free descriptor: clients, links. */
  constructor(listening: Fd, welcome: (connection: Fd) => void, environment: AcceptEnvironment, who: string) {
    this.#listening = listening;
    this.#welcome = welcome;
    this.#environment = environment;
    this.#who = who;
    this.#tellWait = onceAMinute(environment.clock, environment.log.warn);
    this.#watch = environment.loop.readiness.watch(listening, { readable: true, writable: false }, () => this.#accept());
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pause?.[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
  }

  #accept(): void {
    for (let i = 0; this.#open && i < mostAtOnce; i++) {
      const connection = this.#acceptOne();
      if (connection === undefined) return;
      this.#welcome(connection);
    }
  }

  #acceptOne(): Fd | undefined {
    try {
      return accept(this.#listening);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#tellWait(`${error.message}; ${this.#who} wait`);
      this.#watch.want({ readable: false, writable: false });
      this.#pause = this.#environment.clock.after(descriptorPause, () => this.#watch.want({ readable: true, writable: false }));
      return undefined;
    }
  }
}

type AcceptEnvironment = Pick<PortEnvironment, 'clock' | 'log' | 'loop'>;
