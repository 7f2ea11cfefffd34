import { resolve } from 'node:path';
import { openVdeLink } from '../vde/vde-link.ts';
import { badForm, type Driver } from './driver.ts';

/** A client of another VDE switch. */
export const vde: Driver = {
  scheme: 'vde',
  form: 'vde://DIR[N]',
  summary: 'a port of another VDE switch',
  listens: false,
  uses: (address) => `the switch at ${address}`,
  async open(address, environment) {
    const [, directory, port = 'NaN'] = /^(.+?)(?:\[(\d+)\])?$/.exec(address) ?? [];
    if (directory === undefined) throw badForm(vde, address);
    const number = Number(port);
    const wish = Number.isNaN(number) ? 'any' : number === 0 ? 'management' : number;
    return { port: await openVdeLink({ directory: resolve(directory), wish }, environment) };
  },
};
