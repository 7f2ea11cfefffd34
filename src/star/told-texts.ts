/** The most texts that are remembered. */
const most = 64;

/** The texts that were told to people, so that each is told once. */
export class ToldTexts {
  readonly #texts = new Set<string>();

  /** Notes a text. Returns whether it was told before. */
  again(text: string): boolean {
    const isKnown = this.#texts.has(text);
    if (this.#texts.size >= most) this.#texts.clear();
    this.#texts.add(text);
    return isKnown;
  }

  /** Forgets all: what comes next is new to people. */
  clear(): void {
    this.#texts.clear();
  }
}

/** Returns a text without the ports of its addresses, which differ with each attempt. */
export function withoutPorts(text: string): string {
  return text.replace(/:\d+\b/g, '');
}
