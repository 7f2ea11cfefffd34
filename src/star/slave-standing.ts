import type { Standing } from './slave-event.ts';

/** The standing of a slave in its group, and its rights meanwhile. */
export class SlaveStanding {
  #state: Standing = 'seeking';
  #mayServe = true;
  #mayLink = true;
  #joinedAt: number | undefined;

  get state(): Standing {
    return this.#state;
  }

  /** False while it must have neither a link nor a guest, since the master refused it for another one, or for good. */
  get mayServe(): boolean {
    return this.#mayServe;
  }

  /** False while the master refuses it for good: its link would be refused as well. */
  get mayLink(): boolean {
    return this.#mayServe && this.#mayLink;
  }

  /** The time of the last welcome, in milliseconds of the clock; undefined while it is not joined. */
  get joinedAt(): number | undefined {
    return this.#joinedAt;
  }

  /** True while the master holds its connection. */
  get isHeld(): boolean {
    return this.#state === 'joined' || this.#state === 'waiting';
  }

  /** Notes a welcome at that time, in milliseconds of the clock. */
  join(now: number): void {
    this.#enter('joined');
    this.#mayServe = this.#mayLink = true;
    this.#joinedAt = now;
  }

  /** Notes that the connection was lost, or is made anew. */
  seek(): void {
    this.#enter('seeking');
  }

  /** Notes that someone must accept it first. */
  wait(): void {
    this.#enter('waiting');
    this.#mayServe = false;
  }

  /** Notes a refusal: for good, or for now. `withdraw`: it has no right to what it serves. */
  refuse(isPermanent: boolean, withdraw: boolean): void {
    this.#enter('refused');
    if (withdraw) this.#mayServe = false;
    if (isPermanent) this.#mayLink = false;
  }

  /** Notes the end of the membership. */
  end(): void {
    this.#enter('over');
    this.#mayServe = false;
  }

  #enter(state: Standing): void {
    this.#state = state;
    this.#joinedAt = undefined;
  }
}
