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

/** Returns the same, which ends when it has an address (status 0) or found none. */
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

/** Where Debian has it. */
export const networkdPath = '/lib/systemd/systemd-networkd';

// It serves without a system around it where /sys cannot be written to, and its user is the one that there is.
const networkdScript = `
mkdir -p /run/systemd/netif /run/systemd/network
printf '[Match]\\nName=${card}\\n[Network]\\nDHCP=ipv4\\nLinkLocalAddressing=no\\nIPv6AcceptRA=no\\n[DHCPv4]\\nSendRelease=yes\\n' >/run/systemd/network/${card}.network
printf 'root:x:0:0::/:/bin/sh\\nsystemd-network:x:0:0::/:/bin/sh\\n' >/run/passwd
printf 'root:x:0:\\nsystemd-network:x:0:\\n' >/run/group
mount --bind /run/passwd /etc/passwd && mount --bind /run/group /etc/group && mount -t tmpfs -o ro none /sys
exec ${networkdPath}
`;

/** systemd-networkd on a host, with its log. It gives its address back when it ends. */
export function networkd(host: Host): Running {
  return host.start(['unshare', '-m', 'sh', '-e', '-c', networkdScript], {
    env: { SYSTEMD_LOG_LEVEL: 'debug', SYSTEMD_LOG_TARGET: 'console' },
  });
}

/** Returns a PC that boots from the network, by the iPXE in QEMU's card, on a VDE switch; its screen is its output. */
export function bootRom(stage: Stage, directory: string, mac: string): Running {
  const pc = ['qemu-system-x86_64', '-m', '64', '-nographic', '-no-user-config', '-nodefaults', '-serial', 'stdio', '-boot', 'n'];
  return stage.start([...pc, '-netdev', `vde,id=n,sock=${directory}`, '-device', `virtio-net-pci,netdev=n,mac=${mac}`]);
}

/** Records all that passes a host's card; returns, when it records, how to end that. */
export async function record(host: Host, file: string): Promise<Running> {
  const dumpcap = host.start(['dumpcap', '-q', '-P', '-i', card, '-w', file]);
  await dumpcap.line(/^File:/);
  return dumpcap;
}

/** Returns tshark's output for a recording: a line for each frame that the filter lets pass, with the fields between tabs. Checksums are checked. */
export async function dissect(stage: Stage, file: string, filter: string, ...fields: string[]): Promise<string[]> {
  const wanted = fields.flatMap((field) => ['-e', field]);
  // Each packet is judged by itself.
  const settings = [...['ip', 'udp', 'tcp'].map((protocol) => `${protocol}.check_checksum:TRUE`), 'tcp.desegment_tcp_streams:FALSE'];
  const tshark = [
    'tshark',
    '-r',
    file,
    ...settings.flatMap((setting) => ['-o', setting]),
    '-Y',
    filter,
    ...(fields.length === 0 ? [] : ['-T', 'fields', ...wanted]),
  ];
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
