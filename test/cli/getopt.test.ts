import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getopt, type Option, type ReadingOptions } from '../../src/cli/getopt.ts';
import { glibcGetopt } from './glibc-getopt.ts';

const options: readonly Option[] = [
  { name: 'help', short: 'h', long: ['help'], argument: false },
  { name: 'hub', short: 'x', long: ['hub'], argument: false },
  { name: 'sock', short: 's', long: ['sock', 'vdesock', 'unix'], argument: true },
  { name: 'mode', short: 'm', long: ['mode', 'mod'], argument: true },
  { name: 'mgmt', short: 'M', long: ['mgmt'], argument: true },
  { name: 'mgmtmode', long: ['mgmtmode'], argument: true },
  { name: 'daemon', short: 'd', long: ['daemon'], argument: false },
  { name: 'dirmode', long: ['dirmode'], argument: true },
  { name: 'dhcp', short: 'D', long: ['dhcp'], argument: 'optional' },
];

describe('getopt', () => {
  it.each(['-s /tmp/x', '-s/tmp/x', '--sock /tmp/x', '--sock=/tmp/x', '-sock /tmp/x', '-sock=/tmp/x', '--vde /tmp/x', '--un=/tmp/x'])(
    'reads %s as the socket directory',
    (line) => {
      expect(getopt(line.split(' '), options)).toEqual({ options: [{ name: 'sock', value: '/tmp/x' }], operands: [], mistakes: [] });
    },
  );

  it.each([
    ['--mgm 1', ["option '--mgm' is ambiguous; possibilities: '--mgmt' '--mgmtmode'"]],
    ['-mo 1', ["option '-mo' is ambiguous; possibilities: '-mode' '-mod'"]],
    ['--hub=3', ["option '--hub' doesn't allow an argument"]],
    ['--sock', ["option '--sock' requires an argument"]],
    ['-s', ["option requires an argument -- 's'"]],
    ['-zz', ["unrecognized option '-zz'"]],
    ['-z', ["unrecognized option '-z'"]],
    ['--zz=3', ["unrecognized option '--zz=3'"]],
    ['--mgm=1', ["option '--mgm=1' is ambiguous; possibilities: '--mgmt' '--mgmtmode'"]],
    ['-xz', ["invalid option -- 'z'"]],
  ])('says of %s what the C library says', (line, mistakes) => {
    expect(getopt(line.split(' '), options).mistakes).toEqual(mistakes);
  });

  it.each([
    ['-D 9', '', ['9']],
    ['-D9', '9', []],
    ['--dhcp=9', '9', []],
    ['-dhcp 9', '', ['9']],
  ])('reads an optional argument only where it is joined: %s', (line, value, operands) => {
    expect(getopt(line.split(' '), options)).toEqual({ options: [{ name: 'dhcp', value }], operands, mistakes: [] });
  });

  it('reads what follows -- as operands', () => {
    expect(getopt(['-x', '--', '-h', 'file'], options)).toEqual({
      options: [{ name: 'hub', value: '' }],
      operands: ['-h', 'file'],
      mistakes: [],
    });
  });

  it.each([
    ['-sock x', 's', 'ock'],
    ['--sock=x -h', 's', 'x'],
    ['-xs x', 's', 'x'],
  ])('reads %s with two dashes only for long names, where that is asked for', (line, _short, value) => {
    const { options: found, mistakes } = getopt(line.split(' '), options, { longOnly: false });
    expect([found.find(({ name }) => name === 'sock')?.value, mistakes]).toEqual([value, []]);
  });

  it('leaves alone what comes behind the first operand, where that is asked for', () => {
    const line = ['-x', 'command', '-h', '--', '=', 'other', '-s'];
    expect(getopt(line, options, { longOnly: false, permute: false })).toEqual({
      options: [{ name: 'hub', value: '' }],
      operands: line.slice(1),
      mistakes: [],
    });
  });

  it.for<ReadingOptions>([{}, { longOnly: false }, { permute: false }, { longOnly: false, permute: false }])(
    'reads any arguments as the C library does: %j',
    (reading, { skip }) => {
      skip(!isGlibc(), 'this C library is not glibc');
      const word = fc.oneof(
        fc.constantFrom(
          '-',
          '--',
          '-s',
          '-m',
          '--so',
          '-h',
          '-dx',
          '-mgmtmode=7',
          '-mode',
          '-mod',
          '--mgmt',
          '-d',
          '-di',
          '-sock',
          '-hu',
          '-D',
          '-D9',
          '-dhcp',
          '--dh=9',
          'file',
        ),
        fc.stringMatching(/^-{0,2}[hxsmMdDogktu]{0,4}(=[0-7]{0,2})?$/),
        fc.stringMatching(/^--?(help|hub|sock|vdes|mode|mgmtm|daemon|dirmo|dhcp)(=\w{0,3})?$/),
      );
      fc.assert(
        fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
          const ours = getopt(argv, options, reading);
          expect({ ...ours, mistakes: ours.mistakes.map(() => '?') }).toEqual(glibcGetopt(argv, options, reading));
        }),
        { numRuns: 2000 },
      );
    },
  );
});

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
