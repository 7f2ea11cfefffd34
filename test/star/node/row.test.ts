import { describe, expect, it } from 'vitest';
import { Row } from '../../../src/star/node/row.ts';

describe('a row', () => {
  it('holds its items in the order of coming, each once', () => {
    const row = new Row<string>();
    expect(['a', 'b', 'a', 'c'].map((item) => row.add(item))).toEqual([true, true, false, true]);
    expect([[...row], row.size, row.first]).toEqual([['a', 'b', 'c'], 3, 'a']);
  });

  it.each([
    ['a', ['b', 'c']],
    ['b', ['a', 'c']],
    ['c', ['a', 'b']],
  ])('closes up when %s goes', (item, rest) => {
    const row = new Row<string>();
    for (const one of ['a', 'b', 'c']) row.add(one);
    expect([row.remove(item), row.remove(item), [...row]]).toEqual([true, false, rest]);
    row.add(item);
    expect([...row]).toEqual([...rest, item]);
  });

  it('can be emptied', () => {
    const row = new Row<string>();
    row.add('a');
    row.clear();
    expect([row.size, row.first, [...row]]).toEqual([0, undefined, []]);
  });
});
