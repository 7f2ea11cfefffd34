import type { Managed } from '../../management/managed.ts';
import * as addresses from '../../management/operations/addresses.ts';
import { describeSighting } from '../../management/services/address-log.ts';
import { oneNumber } from '../arguments.ts';
import { heading, type Command, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Plugin } from '../menus/plugins.ts';
import { nothing, operate } from '../operate.ts';

const newIp: Category = { path: 'iplog/newip', tag: 0o301, help: 'an IP address appeared or moved' };

/** Makes the plugin that shows the switch's log of IP addresses. The log is emptied when the plugin is removed. */
export function iplogPlugin(managed: Managed, events: Events): Plugin {
  return { name: 'iplog', help: 'record the port of each IP address', open };

  function open(): Menu {
    const category = events.add([newIp]);
    const watching = managed.addresses.sightings.subscribe((sighting) => {
      if (events.wanted(newIp)) events.emit(newIp, describeSighting(sighting));
    });
    return {
      commands: [heading('iplog', 'ports of IP addresses'), ...settings(managed), ...lists(managed)],
      [Symbol.dispose]: () => {
        managed.addresses.reset();
        watching[Symbol.dispose]();
        category[Symbol.dispose]();
      },
    };
  }
}

function settings(managed: Managed): Command[] {
  const { command, query } = operate(managed);
  return [
    query('iplog/showinfo', '', addresses.showAddressLog, nothing, ({ file, gcInterval, expire }) => [
      'iplog: ip/port/user logging plugin',
      file === undefined ? 'log disabled' : `log on file ${file}`,
      `GC interval ${gcInterval} secs`,
      `GC expire ${expire} secs`,
    ]),
    command('iplog/logfile', 'pathname', addresses.setAddressFile, (argument) => (argument === '' ? {} : { path: argument })),
    command('iplog/ipadd', 'ipaddr/mask', addresses.addRange, (range) => ({ range })),
    command('iplog/ipdel', 'ipaddr/mask', addresses.removeRange, (range) => ({ range })),
    query('iplog/list', '', addresses.listRanges, nothing, (ranges) => [...ofVersion(ranges, 4), ...ofVersion(ranges, 6)]),
    command('iplog/setgcint', 'N', addresses.setAddressSweeps, oneNumber('seconds')),
    command('iplog/setexpire', 'N', addresses.setAddressExpiry, oneNumber('seconds')),
  ];
}

function lists(managed: Managed): Command[] {
  const { query } = operate(managed);
  return [
    query('iplog/iplist', '', addresses.listAddresses, nothing, linesOf),
    query('iplog/ipport', 'port', addresses.listAddresses, oneNumber('port'), linesOf, 'list the addresses at a port'),
    query('iplog/ipuser', 'user', addresses.listAddresses, (user) => ({ user }), linesOf, 'list the addresses of a user'),
    query('iplog/ipsearch', 'ipaddr', addresses.listAddresses, (address) => ({ address }), linesOf, 'show the port of an address'),
  ];
}

function ofVersion(ranges: readonly addresses.RangeView[], version: 4 | 6): string[] {
  return ranges.filter((one) => one.version === version).map(({ range }) => `  ipv${version}: ${range}`);
}

function linesOf(shown: readonly addresses.AddressView[]): string[] {
  return shown.map(({ version, address, port, user }) => `ipv${version} ${address} port=${port} user=${user}`);
}
