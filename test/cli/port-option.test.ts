import { expect, it } from 'vitest';
import { addressHelp } from '../../src/cli/port-option.ts';
import { tap } from '../../src/ports/drivers/tap.ts';
import { tcp } from '../../src/ports/drivers/tcp.ts';
import { drivers } from '../../src/ports/open.ts';

it('the help lists the address of a port and its options', () => {
  expect(addressHelp([tap, { ...tcp, options: { vni: 'the network', ...tcp.options } }])).toBe(
    [
      '',
      'Addresses of ports, with their options as ?name=value&name=value:',
      '  tap://NAME       a network interface of this machine',
      '  tcp://HOST:PORT  dials a link',
      '      vni=         the network',
      'plain=yes, at an address with a host, allows frames in the clear beyond this machine.',
    ].join('\n'),
  );
});

it('the help has every kind of port, on lines that a terminal shows', () => {
  const lines = addressHelp(drivers).split('\n');
  for (const { form, summary } of drivers) expect(lines.some((line) => line.includes(form) && line.endsWith(summary))).toBe(true);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(120);
});
