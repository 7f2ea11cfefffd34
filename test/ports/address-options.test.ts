import { describe, expect, it } from 'vitest';
import { fromSlashes, splitOptions, withConsent, type AddressOptions } from '../../src/ports/address-options.ts';

const form = { scheme: 'wire', form: 'wire://HOST?vni=N' };
const driver = { ...form, options: { vni: 'network', learn: 'from any', plain: 'yes', local: 'address' } };
const split = (address: string): AddressOptions => splitOptions(driver, address);

describe('the options of an address', () => {
  it('are split from it, each as it is written', () => {
    const { body, options } = split('[::1]:7,host?vni=77&local=fe80::1%eth0&learn=a=b?c');
    expect(body).toBe('[::1]:7,host');
    expect([...options]).toEqual([
      ['vni', '77'],
      ['local', 'fe80::1%eth0'],
      ['learn', 'a=b?c'],
    ]);
  });

  it('may be absent', () => {
    const options = split('host');
    expect(options.body).toBe('host');
    expect(options.options.size).toBe(0);
    expect(options.number('vni', 0, 1)).toBeUndefined();
    expect(options.onOff('learn')).toBeUndefined();
    expect(options.yes('plain')).toBe(false);
  });

  it.each([
    ['host?vnl=1', 'the option vnl is unknown'],
    ['host?vni=1&vni=1', 'the option vni is given twice'],
    ['host?=1', 'an option has no name'],
    ['host?', 'an option has no name'],
    ['host?vni=1&', 'an option has no name'],
    ['host?vni', 'the option vni has no value'],
    ['host?vni=', 'the option vni has no value'],
  ])('are refused in %s', (address, reason) => {
    expect(() => split(address)).toThrow(
      `wire://${address}: ${reason}; write the address as wire://HOST?vni=N: its options are vni, learn, plain, local`,
    );
  });

  it('are refused by a driver that takes none', () => {
    expect(() => splitOptions(form, 'host?vni=1')).toThrow('the option vni is unknown; write the address as wire://HOST?vni=N: it takes');
  });
});

describe('a number', () => {
  it.each([
    ['0', 0],
    ['0016777215', 16_777_215],
  ])('may be %s', (text, value) => {
    expect(split(`host?vni=${text}`).number('vni', 0, 16_777_215)).toBe(value);
  });

  it.each(['16777216', '-1', '1.5', '0x10', '1e3', ' 1', 'one'])('is refused as %s', (text) => {
    expect(() => split(`host?vni=${text}`).number('vni', 0, 16_777_215)).toThrow(`vni=${text} is not a number from 0 to 16777215; write`);
  });

  it('is refused below its range', () => {
    expect(() => split('host?vni=0').number('vni', 1, 2)).toThrow('vni=0 is not a number from 1 to 2');
  });
});

it('reads on and off, and refuses the rest', () => {
  expect(split('host?learn=on').onOff('learn')).toBe(true);
  expect(split('host?learn=off').onOff('learn')).toBe(false);
  expect(() => split('host?learn=ON').onOff('learn')).toThrow('learn=ON is neither learn=on nor learn=off; write');
});

it('reads yes, and refuses the rest', () => {
  expect(split('host?plain=yes').yes('plain')).toBe(true);
  expect(() => split('host?plain=no').yes('plain')).toThrow('plain=no is not plain=yes; write');
});

describe("the form of VDE's plugs", () => {
  it.each([
    ['239.0.0.1/vni=77/if=eth0', '239.0.0.1?vni=77&if=eth0'],
    ['ff05::1/vni=77', 'ff05::1?vni=77'],
    ['/vni=77', '?vni=77'],
    ['host/vni=77/plain', 'host?vni=77&plain'],
  ])('is read: %s', (address, ours) => {
    expect(fromSlashes(address)).toBe(ours);
  });

  it.each(['host', 'host?local=/a=b', '/run/socket', ''])('is not seen in %s', (address) => {
    expect(fromSlashes(address)).toBe(address);
  });
});

it.each([
  ['tcp://host:7', 'tcp://host:7?plain=yes'],
  ['vxlan://host?vni=77', 'vxlan://host?vni=77&plain=yes'],
  ['vxlan://239.0.0.1/vni=77/if=eth0', 'vxlan://239.0.0.1/vni=77/if=eth0/plain=yes'],
])('shows how consent is added to %s', (address, consenting) => {
  expect(withConsent(address)).toBe(consenting);
});
