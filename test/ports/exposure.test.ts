import { describe, expect, it } from 'vitest';
import { exposureOf, isLoopback } from '../../src/ports/exposure.ts';

const here = ['127.0.0.1', '127.9.9.9', '::1', 'localhost'];
const beyond = ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '127.0.0.1.example.com', 'example.com', ''];

describe('the exposure of frames', () => {
  it('is none at a loopback', () => {
    expect(here.map(isLoopback)).toEqual(here.map(() => true));
    expect(here.map((host) => exposureOf(host))).toEqual(here.map(() => 'local'));
  });

  it('is refused beyond this machine, unless they are secured or the user wants them plain', () => {
    expect(beyond.map(isLoopback)).toEqual(beyond.map(() => false));
    expect(beyond.map((host) => exposureOf(host))).toEqual(beyond.map(() => 'refused'));
    expect(exposureOf('10.0.0.1', { plain: false, secured: false })).toBe('refused');
    expect(exposureOf('10.0.0.1', { plain: true })).toBe('plain');
    expect(exposureOf('10.0.0.1', { plain: true, secured: true })).toBe('secured');
  });
});
