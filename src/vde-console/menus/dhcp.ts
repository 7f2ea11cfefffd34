import { heading, plainMenu, query, type Menu } from '../command.ts';

/** The DHCP server of a switch that has one; `info` returns the lines of what it did and has. */
export function dhcpMenu(info: () => readonly string[]): Menu {
  return plainMenu(
    heading('dhcp', 'DHCP server'),
    query('dhcp/showinfo', '', 'show the network, the number of leases by state, and the counters of frames', ({ print }) => {
      for (const line of info()) print(line);
      return 'success';
    }),
  );
}
