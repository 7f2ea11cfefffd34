import { EtherloomError } from '../errors.ts';
import { isCurrent, type MasterContext, type Session } from './master-context.ts';
import { encodeJoinMessage } from './message-codec.ts';
import { maxJoinLine, type News } from './messages.ts';

/** The description of the group, as the members are told it. */
export class MasterNews {
  readonly #context: MasterContext;
  #news: News | undefined;

  constructor(context: MasterContext) {
    this.#context = context;
  }

  /** Sets the description, and sends it to the members; those that join later get it with their welcome. Throws EtherloomError('bad-option') if it is too long for a line. */
  describe(description: Readonly<Record<string, unknown>>): void {
    const news = { type: 'news', serial: (this.#news?.serial ?? 0) + 1, description } as const;
    const size = encodeJoinMessage(news).length;
    if (size > maxJoinLine) {
      throw new EtherloomError(
        'bad-option',
        `cannot describe the group in ${size} octets; the description must have at most ${maxJoinLine}`,
      );
    }
    this.#news = news;
    for (const session of this.#context.sessions.values()) this.tell(session);
  }

  /** Sends the description, if there is one, to a member that is welcomed. */
  tell(session: Session): void {
    if (this.#news && session.state === 'welcomed' && isCurrent(session)) session.channel.send(this.#news);
  }
}
