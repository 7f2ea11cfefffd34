import { describe, expect, it } from 'vitest';
import { cInteger, integerAndText, leadingInteger, scanIntegers } from '../../src/vde-console/arguments.ts';

// The output of a program in C, of glibc 2.36, where a long has 64 bits.
describe('a number as atoi reads it', () => {
  it.each([
    ['', 0],
    ['x', 0],
    [' \t 12x', 12],
    ['-5', -5],
    ['+7', 7],
    ['- 5', 0],
    ['0x10', 0],
    ['010', 10],
    ['4294967297', 1],
    ['2147483648', -2147483648],
    ['99999999999999999999', -1],
    ['-99999999999999999999', 0],
  ])('%j is %d', (text, number) => expect(leadingInteger(text)).toBe(number));
});

describe('numbers as %i reads them', () => {
  it.each([
    ['0x1F', 31],
    ['010', 8],
    ['09', 0],
    ['0', 0],
    ['-0x10', -16],
    ['99999999999999999999', -1],
    ['x', undefined],
    ['', undefined],
  ])('%j is %j', (text, number) => expect(cInteger(text)).toBe(number));

  it('are as many as are asked for, whatever follows', () => {
    expect(scanIntegers('1 2 3', 2)).toEqual([1, 2]);
    expect(scanIntegers(' 1\t-2x', 2)).toEqual([1, -2]);
    expect(scanIntegers('1', 2)).toBeUndefined();
    expect(scanIntegers('08 5', 2)).toEqual([0, 8]);
    expect(integerAndText('3  to file ')).toEqual([3, 'to file ']);
    expect(integerAndText('file')).toBeUndefined();
  });
});
