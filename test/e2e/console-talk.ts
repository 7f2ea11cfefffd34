import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Running } from './running.ts';
import { until, type Stage } from './stage.ts';

/** A session at a console's socket, in which commands are given one by one, each when the last was answered. */
export class ConsoleTalk {
  /** All that was said so far. */
  text = '';
  readonly #socket: Socket;
  #isOver = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (this.text += text));
    socket.on('error', () => undefined);
    socket.once('close', () => (this.#isOver = true));
  }

  /** Begins one, and waits for the prompt. */
  static async with(path: string): Promise<ConsoleTalk> {
    for (;;) {
      const talk = new ConsoleTalk(connect(path));
      await talk.#answered(0);
      // Its file exists a moment before the process listens.
      if (talk.text !== '') return talk;
    }
  }

  /** Gives a command, and returns the reply, without the prompt. Throws if the session is over. */
  async ask(command: string): Promise<string> {
    if (this.#isOver) throw new Error(`${command}: the session is over`);
    const from = this.text.length;
    this.#socket.write(`${command}\n`);
    await this.#answered(from);
    return this.text.slice(from).replace(/\n[^\n]*\$ $/, '');
  }

  end(): void {
    this.#socket.destroy();
  }

  #answered(from: number): Promise<void> {
    return until('the console answers', () => this.#isOver || (this.text.length > from && /\n\S+\$ $/.test(this.text)));
  }
}

/** Waits until the console of a program is there; fails when the program ends. */
export async function consoleAt(path: string, running: Running): Promise<string> {
  await until(`there is ${path}: ${running.lines.join()}`, () => existsSync(path) || running.ended !== undefined);
  if (running.ended) throw new Error(`${running.command} ended: ${running.lines.join('\n')}`);
  return path;
}

/** Starts the original vde_switch, with a console, and returns where its sockets and its console are. */
export async function originalSwitch(stage: Stage, name: string): Promise<{ readonly directory: string; readonly console: string }> {
  const [directory, path] = [stage.path(name), stage.path(`${name}.m`)];
  const running = stage.start(['vde_switch', '-s', directory, '-M', path]);
  return { directory, console: await consoleAt(path, running) };
}
