import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterConsole } from '../../../src/companions/wirefilter/console.ts';
import { Filter } from '../../../src/companions/wirefilter/filter.ts';
import { seededRandom } from '../../../src/lab/seeded-random.ts';
import type { Files } from '../../../src/management/files.ts';
import type { Listener } from '../../../src/vde-console/events.ts';
import { ManualClock } from '../../manual-clock.ts';

/** A console and its client. */
class Stage {
  readonly clock = new ManualClock();
  readonly filter = new Filter({
    clock: this.clock,
    random: seededRandom(9),
    breath: (work: () => void) => work(),
    deliver: () => undefined,
    changed: (now, before) => this.console.changed(now, before),
  });
  ended = 0;
  readonly console = new FilterConsole({ filter: this.filter, both: true, undelivered: () => 4 }, () => this.ended++);
  readonly told: string[] = [];
  readonly listener: Listener = { tell: (line) => this.told.push(line) };
  readonly texts = new Map<string, string>();
  readonly files: Files = {
    whose: 'somebody',
    read: (path) => {
      const text = this.texts.get(path);
      return text === undefined ? 'ENOENT' : { text };
    },
    open: () => 'EPERM',
    closing: () => undefined,
  };

  /** Returns the reply, and the action beside it. */
  ask(line: string): string {
    let shown = '';
    const write = (text: string): void => void (shown += text);
    const { text, then } = this.console.execute(line, { files: this.files, listener: this.listener, write, depth: 0 });
    return shown + text + (then ?? '');
  }
}

describe("wirefilter's console", () => {
  it('tells of other nodes whoever asked for it, until he goes', () => {
    const stage = new Stage();
    for (const line of ['markov-numnodes 2', 'markov-name 1,bad link', 'setedge 0,1,100', 'setedge 1,0,100', 'markov-debug 1']) {
      expect(stage.ask(line)).toBe('1000 Success\n');
    }
    stage.clock.advance(200);
    expect(stage.told).toEqual(['3801 Node 0 "" -> 1 "bad link"', '3800 Node 1 "bad link" -> 0 ""']);
    stage.ask('markov-debug 0');
    stage.clock.advance(100);
    stage.ask('markov-debug 1');
    stage.console.forget(stage.listener);
    stage.clock.advance(100);
    expect(stage.told.length).toBe(2);
  });

  it('shows what a file says, line by line, with the prompt, in a block', () => {
    const stage = new Stage();
    stage.texts.set('rc', 'loss 5\n\n# hello\nnosuch\nload rc2\nlogout\nshowcurrent');
    stage.texts.set('rc2', 'loss 9\n');
    expect(stage.ask('load rc')).toBe(
      "0000 DATA END WITH '.'\n\nVDEwf$  (rc) loss 5\n1000 Success\n\nVDEwf$  (rc) \n\n\nVDEwf$  (rc) # hello\n" +
        '\nVDEwf$  (rc) nosuch\n1038 Function not implemented\n' +
        "\nVDEwf$  (rc) load rc2\n0000 DATA END WITH '.'\n\nVDEwf$  (rc2) loss 9\n1000 Success\n.\n1000 Success\n" +
        '\nVDEwf$  (rc) logout\n\nVDEwf$  (rc) showcurrent\n0000 DATA END WITH \'.\'\nCurrent Markov Node 0 "" (0,..,0)\n.\n1000 Success\n' +
        '.\n1000 Success\n',
    );
    expect(stage.filter.amount('loss', 'RL', 0).mean).toBe(9);
    expect(stage.ask('load none')).toBe("0000 DATA END WITH '.'\n.\n1002 No such file or directory\n");
  });

  it('ends what loads itself', () => {
    const stage = new Stage();
    stage.texts.set('rc', 'load rc\n');
    expect(stage.ask('load rc')).toContain('1040 Too many levels of symbolic links\n');
  });

  it('ends what loads itself twice before it makes too much', () => {
    const stage = new Stage();
    stage.texts.set('rc', 'load rc\nload rc\nload rc\n');
    const said = stage.ask('load rc');
    expect(said).toContain('1027 File too large\n');
    expect(said.length).toBeLessThan(2 ** 24);
  });

  it('runs a file at the start, and complains of what is wrong in it; shutdown ends it', () => {
    const stage = new Stage();
    const complaints: string[] = [];
    stage.texts.set('rc', 'loss 5\nnosuch\nmarkov-debug 1\nshutdown\nloss 7\n');
    expect(stage.console.runAtStart('rc', stage.files, (line) => complaints.push(line))).toBe(true);
    expect(stage.filter.amount('loss', 'LR', 0).mean).toBe(5);
    expect(complaints).toEqual([
      'rc command error: nosuch Function not implemented',
      'rc command error: markov-debug 1 Function not implemented',
    ]);
    expect(stage.console.runAtStart('none', stage.files, (line) => complaints.push(line))).toBe(false);
    expect(complaints.at(-1)).toBe('cannot read none: No such file or directory');
  });

  it('shows what was lost', () => {
    const stage = new Stage();
    stage.ask('loss LR100');
    stage.filter.submit('LR', new Uint8Array(60));
    const lines = ['mtu       L->R 0   R->L 0', 'loss      L->R 1   R->L 0', 'capacity  L->R 0   R->L 0', 'full      L->R 0   R->L 0'];
    expect(stage.ask('drops')).toBe(["0000 DATA END WITH '.'", ...lines, 'port      L->R 4   R->L 4', '.', '1000 Success', ''].join('\n'));
  });

  it('can be left and ended', () => {
    const stage = new Stage();
    expect([stage.ask('logout'), stage.ask('shutdown now')]).toEqual(['logout', 'shutdown']);
  });

  it('answers every line with a status or nothing, whatever is in it', () => {
    const stage = new Stage();
    const names = fc.constantFrom(
      'loss',
      'delay',
      'setedge',
      'markov-name',
      'markov-numnodes',
      'showedges',
      'showinfo',
      'markov-time',
      'fifo',
    );
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(names, fc.oneof(fc.string(), fc.float().map(String), fc.stringMatching(/^[LR]{0,2}[\d+.,kmgun[\] -]{0,12}$/)))
        .map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(line, (said) => {
        const answer = stage.ask(said.replaceAll('\n', ''));
        expect(answer).toMatch(/^$|^logout$|^shutdown$|(^|\n)1\d{3} [A-Z][^\n]*\n$/);
      }),
      { numRuns: 3000 },
    );
    expect(stage.ask('x'.repeat(5000))).toBe('1007 Argument list too long\n');
  });
});
