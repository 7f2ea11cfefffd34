import { describe, expect, it } from 'vitest';
import { findSingleDash } from '../../src/cli/single-dash.ts';

const longs = ['--daemon', '--mode', '--mgmt', '--tap', '--sock', '--no-trunk'];

describe('a long option with one dash', () => {
  it.each([
    ['-daemon', '--daemon'],
    ['-mod', '--mode'],
    ['-tap', '--tap'],
    ['-mgmt=/tmp/m', '--mgmt'],
    ['-no-trunk', '--no-trunk'],
  ])('%s is found, and what is meant', (given, meant) => {
    expect(findSingleDash(['-d', given, 'x'], longs)).toEqual({ given, meant });
  });

  it.each([
    ['-d'],
    ['-Fd'],
    ['-m660'],
    ['-s', './sock'],
    ['--daemon'],
    ['-t', 'tap0'],
    ['-ta'],
    ['-1tap'],
    ['--', '-daemon'],
    ['-s/tmp/sock'],
  ])('%s is none', (...argv) => {
    expect(findSingleDash(argv, longs)).toBeUndefined();
  });
});
