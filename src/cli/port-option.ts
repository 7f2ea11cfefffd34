import { Option, type Command } from 'commander';
import { drivers, plainOption } from '../ports/open.ts';
import { collect } from './option-values.ts';

/** Returns the option `--port`. */
export function portOption(): Option {
  return new Option('--port <address>', 'open a port at an address: see below (repeatable)').argParser(collect).default([]);
}

/** Adds the addresses that `--port` takes to the help of a command. */
export function addAddressHelp(command: Command): Command {
  return command.addHelpText('after', () => addressHelp(drivers));
}

/** Returns the lines about the addresses of ports, each with its options; that for consent, which many have, is there once. */
export function addressHelp(all: typeof drivers): string {
  const rows = all.flatMap(({ form, summary, options = {} }) => [
    [`  ${form}`, summary] as const,
    ...Object.entries(options).flatMap(([name, meaning]) => (name in plainOption ? [] : [[`      ${name}=`, meaning] as const])),
  ]);
  const column = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    '',
    'Addresses of ports, with their options as ?name=value&name=value:',
    ...rows.map(([left, right]) => `${left.padEnd(column)}${right}`),
    `plain=yes, at an address with a host, ${plainOption.plain}.`,
  ].join('\n');
}
