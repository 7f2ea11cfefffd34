import { createHash } from 'node:crypto';
import type { CpioEntry } from './cpio.ts';

/** The path of the module list in the guest's file system: one path per line, in the order of loading. */
export const moduleListPath = 'etc/modules';

/**
 * Returns the guest's own files, without busybox and kernel modules. They are the same in every guest. Guests differ in words on the
 * kernel's command line. The kernel passes these words to the first process as environment variables:
 * - `g_mode=client` (the default): busybox udhcpc asks for an address until it gets one, and renews it.
 * - `g_mode=server`: the guest takes `g_address`/`g_netmask`, and its busybox udhcpd serves `g_start` to `g_end` for `g_lease` seconds. It
 *   sends the MTU `g_mtu`, which the guest has too.
 * - `g_mode=none`: the network card is up, without an address.
 *
 * The guest prints these lines on its console: `BOOT` (the first process runs), `SERVING start end`, `LEASE address mac` for each address
 * that it got, `LOST` when it lost the address, `READY` (commands may be typed).
 */
export function guestFiles(): CpioEntry[] {
  return [
    ...['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp'].map((path): CpioEntry => ({ kind: 'directory', path, mode: 0o755 })),
    { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    script('init', init),
    script('etc/lease', lease),
    script('bin/run', run),
  ];
}

/** Returns eight hexadecimal digits that change whenever the result of guestFiles does. */
export function guestFilesDigest(): string {
  return createHash('sha256').update(init).update(lease).update(run).digest('hex').slice(0, 8);
}

function script(path: string, text: string): CpioEntry {
  return { kind: 'file', path, mode: 0o755, contents: Buffer.from(text) };
}

// The shell at the end reads commands from the console like a script, without prompt, echo or line editing. Line editing would ask the
// terminal for the cursor's position, but the peer is a program. Ctrl-C ends the current command, not the shell; otherwise all input
// received since would be lost.
const init = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
stty -echo
echo BOOT
while read -r module; do insmod "$module"; done < /${moduleListPath}

# The first card that is not the loopback, whatever its name and number are.
card() {
  for path in /sys/class/net/*; do
    [ "\${path##*/}" = lo ] || { nic=\${path##*/}; return 0; }
  done
  return 1
}
tries=50
until card || [ $tries = 0 ]; do usleep 100000; tries=$((tries - 1)); done
ip link set lo up
[ -n "$nic" ] || echo 'NO NETWORK CARD'
[ -n "$nic" ] && ip link set "$nic" up

case $nic:\${g_mode:-client} in
  :*) ;;
  *:client)
    udhcpc -f -i "$nic" -s /etc/lease -O mtu -t 3 -T 1 -A 1 > /dev/null 2>&1 &
    ;;
  *:server)
    ip link set "$nic" mtu "\${g_mtu:-1500}"
    ifconfig "$nic" "$g_address" netmask "$g_netmask" up
    cat > /etc/udhcpd.conf <<END
start $g_start
end $g_end
interface $nic
lease_file /run/leases
option subnet $g_netmask
option lease \${g_lease:-3600}
option mtu \${g_mtu:-1500}
END
    touch /run/leases
    udhcpd -f -a 200 /etc/udhcpd.conf > /dev/null 2>&1 &
    echo "SERVING $g_start $g_end"
    ;;
esac

echo READY
while :; do setsid cttyhack sh -c 'trap : INT; . /dev/tty'; done
`;

const lease = `#!/bin/sh
bind() {
  ip -4 addr flush dev "$interface"
  ip addr add "$ip/\${mask:-24}" broadcast + dev "$interface"
  [ -n "$router" ] && ip route add default via "\${router%% *}" dev "$interface"
  : > /etc/resolv.conf
  for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
  echo "$ip" > /run/address
  echo "LEASE $ip $(cat "/sys/class/net/$interface/address")" > /dev/console
}
# Not when it is the same: some cards lose frames while they are told.
resize() {
  [ "\${mtu:-0}" -gt 0 ] && [ "$mtu" != "$(cat "/sys/class/net/$interface/mtu")" ] && ip link set "$interface" mtu "$mtu"
}
case $1 in
  deconfig)
    ip link set "$interface" up
    ip -4 addr flush dev "$interface"
    [ -e /run/address ] && rm /run/address && echo LOST > /dev/console
    ;;
  bound) resize; bind ;;
  renew) resize; [ "$(cat /run/address)" = "$ip" ] || bind ;;
esac
`;

// The script run ID COMMAND: prints each line of the command's output after "ID| ", then "ID= " and its exit status. So the command's
// output cannot be confused with other lines on the console, from the kernel or udhcpc.
const run = `#!/bin/sh
output=$(sh -c "$2" < /dev/null 2>&1)
status=$?
[ -n "$output" ] && printf '%s\\n' "$output" | sed "s/^/$1| /"
echo "$1= $status"
`;
