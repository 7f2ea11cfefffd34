import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { play, rolesOf } from '../../src/lab/lab.ts';

const directory = new URL('../../fixtures/lab/', import.meta.url);
const figures = readdirSync(directory).filter((name) => name.endsWith('.net'));

describe('spanning trees become those of published figures', () => {
  it.each(figures)('%s', (name) => {
    using net = play(readFileSync(new URL(name, directory), 'utf8'));
    expect(net.switches.length).toBeGreaterThan(3);
  });

  it('and heal as one of them is changed', () => {
    const ring = readFileSync(new URL('802.1d-2004-figure-17.6.net', directory), 'utf8');
    using net = play(`${ring}
      cut b1-lan-b
      run 60
      check b1 = root
      check b2 = D D R
      check b3 = D D R
      check b4 = D D R
      check b5 = R D D`);
    expect(rolesOf(net.switchNamed('b6'))).toBe('R D D');
  });

  it('and are told apart from others', () => {
    const two = 'bridge 1 0x8000000000000222 = a\nbridge 2 0x7000000000000333 = a\nrun 10\n';
    using net = play(`${two}check b2 = root\ncheck b2 = D\ncheck b1 = R`);
    expect(net.switchNamed('b2').options.priority).toBe(0x7000);
    expect(() => play(`${two}check b1 = root`)).toThrow('line 4: check b1 = root: the check of b1 failed: its ports are R, not root');
    expect(() => play(`${two}check b1 = R A`)).toThrow('the check of b1 failed: its ports are R');
  });
});
