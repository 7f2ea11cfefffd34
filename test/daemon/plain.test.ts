import { describe, expect, it } from 'vitest';
import { checkPortPlain } from '../../src/daemon/plain.ts';

/** Returns the warnings about a port that is allowed. */
function warnings(address: string, plain = false): string[] {
  const said: string[] = [];
  checkPortPlain(address, { plain }, (line) => said.push(line));
  return said;
}

describe('a port beyond this machine', () => {
  it('is refused, and the error says how to allow it', () => {
    const refusal = (option?: string) => (): void =>
      checkPortPlain('tcp://192.0.2.1:7', { plain: false, ...(option !== undefined && { option }) }, () => undefined);
    const frames = 'its frames are not encrypted, and anyone on the way to 192.0.2.1 could read and send them';
    const write = `cannot open tcp://192.0.2.1:7: ${frames}; write tcp://192.0.2.1:7?plain=yes`;
    expect(refusal('--plain')).toThrow(
      expect.objectContaining({ code: 'not-permitted', message: `${write}, or give --plain, if the network is private` }),
    );
    expect(refusal()).toThrow(expect.objectContaining({ code: 'not-permitted', message: `${write} if the network is private` }));
  });

  it.each([
    ['tcp://192.0.2.1:7?plain=yes', false],
    ['tcp://192.0.2.1:7', true],
    ['qemu-stream-listen://0.0.0.0:7?plain=yes', false],
  ])('is allowed with a warning: %s', (address, plain) => {
    expect(warnings(address, plain)).toEqual([expect.stringMatching(/^frames through \S+ are not encrypted: anyone who can reach it/)]);
  });
});

it.each(['tcp://127.0.0.1:7', 'tcp://localhost:7?plain=yes', 'qemu-stream:///run/nic', 'vde://./a', 'ws://127.0.0.1:7'])(
  'a port of this machine needs no consent: %s',
  (address) => {
    expect(warnings(address)).toEqual([]);
  },
);

it('an address that is none is refused as one', () => {
  expect(() => warnings('tcp://192.0.2.1')).toThrow(expect.objectContaining({ code: 'bad-address' }));
});
