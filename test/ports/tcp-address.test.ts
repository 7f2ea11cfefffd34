import { describe, expect, it } from 'vitest';
import { formatTcpAddress, parseTcpAddress, resolveHost } from '../../src/ports/tcp-address.ts';

describe('a TCP address', () => {
  it.each([
    ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000 }],
    ['[::1]:7000', { host: '::1', port: 7000 }],
    ['master.example:0', { host: 'master.example', port: 0 }],
    ['a:65535', { host: 'a', port: 65_535 }],
  ])('%s is read, and written the same', (text, address) => {
    expect(parseTcpAddress(text)).toEqual(address);
    expect(formatTcpAddress(address)).toBe(text);
  });

  it.each([
    '',
    '7000',
    ':7000',
    'host',
    'host:',
    'host:65536',
    'host:123456',
    'host:7x',
    '::1:7000',
    '[::1]',
    '[host]:1',
    '[::1:7000',
    'a:b:1',
  ])('is not %j', (text) => {
    expect(() => parseTcpAddress(text)).toThrow(expect.objectContaining({ code: 'bad-address' }) as Error);
  });

  it('whose host has no address is said to be bad', async () => {
    await expect(resolveHost('no.such.host.invalid')).rejects.toMatchObject({ code: 'bad-address' });
    expect(await resolveHost('127.0.0.1')).toBe('127.0.0.1');
    expect(await resolveHost('::1')).toBe('::1');
  });
});
