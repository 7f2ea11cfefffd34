import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePipedLine } from '../../src/companions/dpipe-line.ts';

/** Returns which command writes to which: `a>b`, with a `+` for alternate descriptors. */
function flows(line: string): string[] {
  const { commands, pipes } = parsePipedLine(line.split(' '));
  const ends = commands.flatMap(({ argv, input, output, alternate }) => [
    { ...input, name: argv.join(' ') },
    { ...output, name: argv.join(' ') },
    ...(alternate
      ? [
          { ...alternate.input, name: `+${argv.join(' ')}` },
          { ...alternate.output, name: `+${argv.join(' ')}` },
        ]
      : []),
  ]);
  return Array.from({ length: pipes }, (_, pipe) => {
    const [writers, readers] = (['write', 'read'] as const).map((way) => ends.filter((one) => one.pipe === pipe && one.way === way));
    expect([writers?.length, readers?.length]).toEqual([1, 1]);
    return `${writers?.[0]?.name}>${readers?.[0]?.name}`;
  }).sort();
}

describe('a line of commands', () => {
  it.each([
    ['a = b', ['a>b', 'b>a']],
    ['a = b = c', ['+b>c', 'a>b', 'b>a', 'c>+b']],
    ['a = b = c = d', ['+b>c', '+c>d', 'a>b', 'b>a', 'c>+b', 'd>+c']],
    ['a =} b }= c', ['a>b', 'b>c', 'c>a']],
    ['a ={ b {= c', ['a>c', 'b>a', 'c>b']],
    ['a =} b }=} c }= d', ['a>b', 'b>c', 'c>d', 'd>a']],
    ['a ={ b {={ c {= d', ['a>d', 'b>a', 'c>b', 'd>c']],
    ['a =} b }={ c {= d', ['a>b', 'b>d', 'c>a', 'd>c']],
    ['a ={ b {=} c }= d', ['a>c', 'b>a', 'c>d', 'd>b']],
    ['a =} b }={ c {= d = e', ['+d>e', 'a>b', 'b>d', 'c>a', 'd>c', 'e>+d']],
    ['a = b =} c }= d', ['+b>c', 'a>b', 'b>a', 'c>d', 'd>+b']],
    ['a x =foo b y', ['a x>b y', 'b y>a x']],
  ])('%s', (line, expected) => {
    expect(flows(line)).toEqual(expected);
  });

  it.each([
    ['a', /at least two commands/],
    ['a = ', /the last command is missing/],
    ['= a', /no command before =/],
    ['a = = b', /no command before =/],
    ['a =} b = c', /= cannot follow the command b; use }=/],
    ['a =} b {= c', /{= cannot follow the command b; use }=/],
    ['a ={ b }= c', /}= cannot follow the command b; use {=/],
    ['a }= b', /}= cannot follow the command a; use =/],
    ['a =} b', /the command b is not closed; end =} with }=/],
  ])('is refused: %j', (line, why) => {
    expect(() => parsePipedLine(line.split(' ').filter((word) => word !== ''))).toThrow(why);
  });

  it('of any form joins each end of each pipe once, or is refused', () => {
    const words = fc.array(fc.constantFrom('a', 'b', '=', '=}', '}=', '={', '{=', '}={', '{=}', '}=}', '{={'), { maxLength: 12 });
    fc.assert(
      fc.property(words, (line) => {
        try {
          parsePipedLine(line);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-option' });
          return;
        }
        flows(line.join(' '));
      }),
    );
  });
});
