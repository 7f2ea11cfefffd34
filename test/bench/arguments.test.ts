import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../bench/harness/arguments.ts';

const known = ['core', 'link'];

describe('the arguments of npm run bench', () => {
  it('are five rounds of two seconds of everything, unless told otherwise', () => {
    expect(parseArguments([], known)).toMatchObject({ names: [], rounds: 5, caseText: '', seconds: 2, json: undefined });
    expect(parseArguments(['link', '--rounds', '7', '--seconds=0.5', '--json', 'x'], known)).toMatchObject({
      names: ['link'],
      rounds: 7,
      seconds: 0.5,
      json: 'x',
    });
  });

  it.each([['nothing'], ['--rounds', '0'], ['--rounds', '1.5'], ['--seconds', '0'], ['--seconds', 'x'], ['--unknown']])(
    'are refused when they make no sense: %s %s',
    (...args) => {
      expect(() => parseArguments(args, known)).toThrow();
    },
  );
});
