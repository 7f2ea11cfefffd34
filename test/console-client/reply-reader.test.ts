import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyReader } from '../../src/console-client/reply-reader.ts';

/** Returns the events of a text that comes in these pieces; `command` is given at the first prompt. */
function told(pieces: readonly string[], command = 'showinfo'): string[] {
  const seen: string[] = [];
  const reader = new ReplyReader({
    banner: (line) => seen.push(`banner ${line}`),
    prompt: (text) => {
      if (!seen.some((one) => one.startsWith('prompt'))) reader.expect(command);
      seen.push(`prompt ${text}`);
    },
    data: (line) => seen.push(`data ${line}`),
    status: (code, text) => seen.push(`status ${code} ${text}`),
    event: (text) => seen.push(`event ${text}`),
    over: () => seen.push('over'),
  });
  for (const piece of pieces) reader.read(piece);
  return seen;
}

const greeting = 'VDE switch V.2.3.2\n(C) ...\n\nvde$ ';

describe('what a console says', () => {
  it('is banner, prompt, data, status, prompt', () => {
    expect(told([greeting, "0000 DATA END WITH '.'\nctl dir /x\n\n1000 no status\n.\n1000 Success\n\nvde$ "])).toEqual([
      'banner VDE switch V.2.3.2',
      'banner (C) ...',
      'banner ',
      'prompt vde$ ',
      'data ctl dir /x',
      'data ',
      'data 1000 no status',
      'status 0 Success',
      'prompt vde$ ',
    ]);
    expect(told([greeting, '1022 Invalid argument\n\nvde$ ']).slice(4)).toEqual(['status 22 Invalid argument', 'prompt vde$ ']);
    expect(told([greeting, '1-01 Unknown error -1\n']).slice(4)).toEqual(['status -1 Unknown error -1']);
    expect(told([greeting, '9999 END OF SESSION']).slice(4)).toEqual(['over']);
  });

  it('is events too, behind the prompt and before a status', () => {
    expect(told([greeting, '3021 port/+ 01\n3022 port/- 01\n1000 Success\n\nvde$ ']).slice(4)).toEqual([
      'event port/+ 01',
      'event port/- 01',
      'status 0 Success',
      'prompt vde$ ',
    ]);
    // All at once: the prompt is seen with what follows it.
    const all = `${greeting}3021 port/+ 01\n1000 Success\n\nvde$ 3801 Node 0 "" -> 1 "$ "\n`;
    expect(told([all])).toEqual([
      'banner VDE switch V.2.3.2',
      'banner (C) ...',
      'banner ',
      'prompt vde$ ',
      'event port/+ 01',
      'status 0 Success',
      'prompt vde$ ',
      'event Node 0 "" -> 1 "$ "',
    ]);
  });

  it('is replies within replies while a script is loaded, and the last status counts', () => {
    const wirefilter = '\nVDE wirefilter V.2.3.2\n(C)\n\nVDEwf$ ';
    const reply =
      "0000 DATA END WITH '.'\n\nVDEwf$  (rc) showcurrent\n0000 DATA END WITH '.'\nNode 0\n.\n1022 Invalid argument\n.\n1000 Success\n\nVDEwf$ ";
    const seen = told([wirefilter, reply], 'load rc');
    expect(seen.slice(5)).toEqual([
      'data ',
      'data VDEwf$  (rc) showcurrent',
      'data Node 0',
      'data 1022 Invalid argument',
      'status 0 Success',
      'prompt VDEwf$ ',
    ]);
    // The switch shows a script without a block.
    const shown = told(
      [greeting, 'vde[rc]: vlan/print\n0000 DATA\nVLAN 0000\n.\n1000 Success\n1002 No such file or directory\n\nvde$ '],
      'load rc',
    );
    expect(shown.slice(4)).toEqual([
      'data vde[rc]: vlan/print',
      'data VLAN 0000',
      'status 0 Success',
      'status 2 No such file or directory',
      'prompt vde$ ',
    ]);
  });

  it('is the same wherever it is split, but between a prompt and what is right behind it', () => {
    const text = `${greeting}0000 DATA END WITH '.'\nPort 0001\n -- endpoint\n.\n1000 Success\n\nvde$ `;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(told(at.slice(1).map((end, i) => text.slice(at[i], end)))).toEqual(told([text]));
      }),
    );
  });

  it('is whatever: nothing is thrown, and nothing is kept without bound', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('\n', '0000 \n', '.\n', '$ ', '9999 '))), (pieces) => {
        told([greeting, ...pieces]);
      }),
    );
    expect(told([greeting, `0000 D\n${'x'.repeat(200_000)}`]).length).toBe(4 + 3);
  });
});
