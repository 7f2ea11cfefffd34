import type { StateFiles } from './state-files.ts';

/** Files in memory only: those of a node whose key and membership must not outlive its process. */
export class MemoryFiles implements StateFiles {
  readonly #texts = new Map<string, string>();

  in(name: string): string {
    return `${name} in memory`;
  }

  read(name: string): string | undefined {
    return this.#texts.get(name);
  }

  write(name: string, text: string): Promise<void> {
    this.#texts.set(name, text);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.#texts.delete(name);
    return Promise.resolve();
  }
}
