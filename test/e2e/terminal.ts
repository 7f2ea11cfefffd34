import type { Running } from './running.ts';
import { until, type Stage } from './stage.ts';

/** A program in a terminal of its own. */
export class Terminal {
  readonly running: Running;
  /** The output to the screen. */
  text = '';

  constructor(stage: Stage, ...command: readonly string[]) {
    // Of a size that lets no line be broken.
    const line = `stty cols 200 rows 50; exec ${command.join(' ')}`;
    this.running = stage.start(['script', '-qefc', line, '/dev/null'], { binary: true, env: { TERM: 'xterm' } });
    this.running.stdout.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  /** Types, and waits until that is seen behind what was seen before. */
  async type(text: string, shows: RegExp): Promise<void> {
    const from = this.text.length;
    this.running.stdin.write(text);
    await this.#shows(shows, from);
  }

  async shows(pattern: RegExp): Promise<void> {
    await this.#shows(pattern, 0);
  }

  async #shows(pattern: RegExp, from: number): Promise<void> {
    await until(`${String(pattern)} is seen`, () => pattern.test(this.text.slice(from))).catch((error: unknown) => {
      throw new Error(`${String(error)}; but: ${JSON.stringify(this.text.slice(from))}`);
    });
  }
}
