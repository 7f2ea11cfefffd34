/**
 * Options behind an address: `BODY?name=value&name=value`. VDE's plugs write them with slashes, `BODY/name=value/name=value`, which
 * `fromSlashes` turns into that form.
 *
 *     const options = splitOptions(vxlan, 'mesh.example?vni=77&plain=yes');
 *     options.body                              // mesh.example
 *     options.number('vni', 0, 0xff_ffff) ?? 0  // 77
 */
import { EtherloomError } from '../errors.ts';
import type { Driver } from './drivers/driver.ts';

/** An address without its options, and these. Each reader throws EtherloomError('bad-address') for a value that is not acceptable. */
export interface AddressOptions {
  /** The part before the options. It may be empty. */
  readonly body: string;
  /** The options as they are written, each with a value. */
  readonly options: ReadonlyMap<string, string>;
  /** Returns a decimal integer from `least` to `most`, both included; undefined if it is not given. */
  number(name: string, least: number, most: number): number | undefined;
  /** Returns true for `on`, false for `off`; undefined if it is not given. */
  onOff(name: string): boolean | undefined;
  /** Returns true for `yes`, the only value; false if it is not given. */
  yes(name: string): boolean;
}

/** The part of a driver that the options of its addresses depend on. */
type OptionsDriver = Pick<Driver, 'scheme' | 'form' | 'options'>;

/**
 * Splits the part behind `://` at its first question mark. Names and values are taken as they are written, without percent signs decoded:
 * an IPv6 zone has one. Throws EtherloomError('bad-address') for an option that the driver does not have, that is given twice, or that has
 * no name or no value.
 */
export function splitOptions(driver: OptionsDriver, address: string): AddressOptions {
  const known = Object.keys(driver.options ?? {});
  const [body = '', ...query] = address.split('?');
  const refuse = (reason: string): never => refuseOption(driver, address, known, reason);
  const options = query.length === 0 ? new Map<string, string>() : pairsOf(query.join('?'), known, refuse);
  return { body, options, ...readersOf(options, refuse) };
}

/** Returns an address in the form of VDE's plugs, `BODY/name=value/name=value`, in ours; one without such options as it is. */
export function fromSlashes(address: string): string {
  const [body = '', ...options] = address.split('/');
  return options.some((option) => option.includes('=')) && !address.includes('?') ? `${body}?${options.join('&')}` : address;
}

/** Returns a whole address, `SCHEME://…`, with the option by which the user accepts plain frames beyond this machine, in its own form. */
export function withConsent(address: string): string {
  const body = address.slice(address.indexOf('://') + 3);
  const separator = fromSlashes(body) !== body ? '/' : body.includes('?') ? '&' : '?';
  return `${address}${separator}plain=yes`;
}

type Refusal = (reason: string) => never;

function pairsOf(query: string, known: readonly string[], refuse: Refusal): Map<string, string> {
  const options = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name = '', ...rest] = part.split('=');
    const value = rest.join('=');
    if (name === '') refuse('an option has no name');
    if (!known.includes(name)) refuse(`the option ${name} is unknown`);
    if (value === '') refuse(`the option ${name} has no value`);
    if (options.has(name)) refuse(`the option ${name} is given twice`);
    options.set(name, value);
  }
  return options;
}

function readersOf(options: ReadonlyMap<string, string>, refuse: Refusal): Pick<AddressOptions, 'number' | 'onOff' | 'yes'> {
  return {
    number(name, least, most) {
      const text = options.get(name);
      if (text === undefined) return undefined;
      const value = Number(text);
      if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
      return refuse(`${name}=${text} is not a number from ${least} to ${most}`);
    },
    onOff(name) {
      const text = options.get(name);
      if (text === undefined || text === 'on' || text === 'off') return text === undefined ? undefined : text === 'on';
      return refuse(`${name}=${text} is neither ${name}=on nor ${name}=off`);
    },
    yes(name) {
      const text = options.get(name);
      return text !== undefined && (text === 'yes' || refuse(`${name}=${text} is not ${name}=yes`));
    },
  };
}

function refuseOption({ scheme, form }: OptionsDriver, address: string, known: readonly string[], reason: string): never {
  const forms = known.length === 0 ? 'it takes no options' : `its options are ${known.join(', ')}`;
  throw new EtherloomError('bad-address', `${scheme}://${address}: ${reason}; write the address as ${form}: ${forms}`);
}
