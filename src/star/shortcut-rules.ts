import type { Timer } from '../clock.ts';
import type { GroupEvent } from './group-event.ts';
import type { MasterContext, Session } from './master-context.ts';
import { shortcutMessageBounds, type RulesPart } from './shortcut-messages.ts';
import { formatRules, parseRules, rangesOf, type OwnRules, type ToldRules } from './told-rules.ts';

/** How long changes of the members are collected, in milliseconds: a crowd may come at once. */
const delay = 250;

/** The events that change the list of members. */
const changes: ReadonlySet<GroupEvent['type']> = new Set(['joined', 'waiting', 'kicked', 'replaced', 'left', 'forgotten']);

/** Tells slaves the master's rules for members, and again when the members change. */
export class RuleTeller implements Disposable {
  readonly #context: MasterContext;
  readonly #own: () => OwnRules;
  readonly #sessions: () => Iterable<Session>;
  readonly #watching: Disposable;
  #told = '';
  #timer: Timer | undefined;

  /** `own` returns the rules, `sessions` those of the slaves that were told them. */
  constructor(context: MasterContext, own: () => OwnRules, sessions: () => Iterable<Session>) {
    this.#context = context;
    this.#own = own;
    this.#sessions = sessions;
    this.#watching = context.events.subscribe(({ type }) => {
      if (changes.has(type)) this.#timer ??= context.environment.clock.after(delay, this.#look);
    });
  }

  /** Tells one slave. */
  tell({ channel }: Session): void {
    for (const part of partsOf(this.#texts())) channel.send(part);
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const texts = this.#texts();
    if (texts.join() === this.#told) return;
    this.#told = texts.join();
    for (const { channel } of this.#sessions()) for (const part of partsOf(texts)) channel.send(part);
  };

  #texts(): readonly string[] {
    const members = rangesOf(this.#context.memory.state.members().map(({ id }) => id));
    return formatRules({ ...this.#own(), members });
  }
}

/** Collects the parts of a master's rules. */
export class RuleParts {
  #texts: string[] = [];
  #next = 0;

  /** Takes a part. Returns the rules if it was the last one, behind all others. */
  take({ part, parts, rules }: RulesPart): ToldRules | undefined {
    if (part === 0) [this.#texts, this.#next] = [[], 0];
    if (part !== this.#next) return undefined;
    this.#texts.push(...rules);
    this.#next += 1;
    return this.#next === parts ? parseRules(this.#texts) : undefined;
  }
}

function partsOf(texts: readonly string[]): readonly RulesPart[] {
  const size = shortcutMessageBounds.rules;
  const parts = Math.max(1, Math.ceil(texts.length / size));
  return Array.from({ length: parts }, (_, part) => ({
    type: 'rules',
    part,
    parts,
    rules: texts.slice(part * size, (part + 1) * size),
  }));
}
