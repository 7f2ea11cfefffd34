import { chmodSync, writeFileSync } from 'node:fs';
import { card, type Host } from './host.ts';
import type { Running } from './running.ts';
import type { Output, Stage } from './stage.ts';

// Only the card: nothing else of the machine is the client's to configure.
const udhcpcHook = `#!/bin/sh
case $1 in
  deconfig) ip address flush dev "$interface" ;;
  bound | renew) ip address replace "$ip/$mask" broadcast + dev "$interface" ;;
esac
[ -n "$mtu" ] && echo "mtu $mtu"
[ -n "$router$dns$domain" ] && echo "told $router; $dns; $domain"
echo "hook $1 $ip"
`;
const dhclientHook = `#!/bin/sh
case $reason in
  BOUND | REBOOT | RENEW | REBIND) ip address replace "$new_ip_address/$new_subnet_mask" broadcast + dev "$interface" ;;
  EXPIRE | FAIL | RELEASE | STOP) ip address flush dev "$interface" ;;
esac
[ -n "$new_interface_mtu" ] && echo "mtu $new_interface_mtu"
[ -n "$new_routers$new_domain_name_servers$new_domain_name" ] && echo "told $new_routers; $new_domain_name_servers; $new_domain_name"
echo "hook $reason $new_ip_address"
`;

// dhcpcd configures the card itself.
const dhcpcdHook = `#!/bin/sh
[ "$reason" = BOUND ] && echo "told $new_routers; $new_domain_name_servers; $new_domain_name"
exit 0
`;

/** busybox udhcpc on a host: it asks three times in a second each. */
export function udhcpc(stage: Stage, host: Host, ...more: string[]): Running {
  return host.start([...udhcpcCommand(stage), '-f', ...more]);
}

/** The same, which ends when it has an address (status 0) or found none. */
export async function askOnce(stage: Stage, host: Host): Promise<Output> {
  return host.run([...udhcpcCommand(stage), '-f', '-n', '-q']);
}

/** ISC dhclient on a host, with what it is to put in its configuration. It keeps its lease in a file named for `name`. */
export function dhclient(stage: Stage, host: Host, name: string, configuration: string, ...more: string[]): Running {
  const files = { conf: stage.path(`${name}.conf`), leases: stage.path(`${name}.leases`), hook: stage.path('dhclient.hook') };
  writeFileSync(files.conf, configuration);
  writeFileSync(files.leases, '', { flag: 'a' });
  executable(files.hook, dhclientHook);
  const options = ['-4', '-v', '-d', '-cf', files.conf, '-lf', files.leases, '-pf', `/run/${name}.pid`, '-sf', files.hook];
  return host.start(['dhclient', ...options, ...more, card]);
}

/** dhcpcd on a host, in the foreground. */
export function dhcpcd(stage: Stage, host: Host, ...more: string[]): Running {
  const options = 'option routers, domain_name_servers, domain_name\n';
  writeFileSync(stage.path('dhcpcd.conf'), `ipv4only\nnohook resolv.conf, hostname, ntp.conf\nclientid\n${options}`);
  executable(stage.path('dhcpcd.hook'), dhcpcdHook);
  return host.start(['dhcpcd', ...more, '-f', stage.path('dhcpcd.conf'), '-c', stage.path('dhcpcd.hook'), '--noipv6rs', card]);
}

/** Records all that passes a host's card; returns, when it records, how to end that. */
export async function record(host: Host, file: string): Promise<Running> {
  const dumpcap = host.start(['dumpcap', '-q', '-P', '-i', card, '-w', file]);
  await dumpcap.line(/^File:/);
  return dumpcap;
}

/** What tshark says of a recording: a line for each frame that the filter lets pass, with the fields between tabs. */
export async function dissect(stage: Stage, file: string, filter: string, ...fields: string[]): Promise<string[]> {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const tshark = ['tshark', '-r', file, '-Y', filter, ...(fields.length === 0 ? [] : ['-T', 'fields', ...wanted])];
  const { status, text } = await stage.run(tshark);
  if (status !== 0) throw new Error(`tshark: ${text}`);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
}

function udhcpcCommand(stage: Stage): string[] {
  executable(stage.path('udhcpc.hook'), udhcpcHook);
  return ['udhcpc', '-i', card, '-s', stage.path('udhcpc.hook'), '-t', '3', '-T', '1'];
}

function executable(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}
