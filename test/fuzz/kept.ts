import { readdirSync, readFileSync } from 'node:fs';

const directory = new URL('../../fixtures/fuzz/', import.meta.url);

/** Returns the inputs that are kept for a target since they once failed, by what went wrong. */
export function keptFor(target: string): { readonly name: string; readonly inputs: readonly Uint8Array[] }[] {
  return readdirSync(directory)
    .filter((file) => file.startsWith(`${target}.`))
    .map((file) => ({ name: file, inputs: parseInputs(readFileSync(new URL(file, directory), 'utf8')) }));
}

/** Parses an input a line, in hexadecimal; text behind a # is for people. */
export function parseInputs(text: string): Uint8Array[] {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.filter((line) => line !== '').map((line) => new Uint8Array(Buffer.from(line === '-' ? '' : line, 'hex')));
}

/** As `parseInputs` reads them. */
export function formatInputs(inputs: readonly Uint8Array[]): string {
  return inputs.map((input) => `${input.length === 0 ? '-' : Buffer.from(input).toString('hex')}\n`).join('');
}
