// Two QEMU guests on one switch. The switch runs in this process; the guests are started and ended by it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openSwitch } from 'etherloom/daemon';

const etherloom = fileURLToPath(new URL('../../bin/etherloom', import.meta.url));
const [, image] = /^guest (\S+) /m.exec(execFileSync(etherloom, ['guest', 'build'], { encoding: 'utf8' }));

/** Starts a guest whose console is its standard input and output. */
function startGuest(mac, directory) {
  const x64 = process.arch === 'x64';
  const qemu = x64 ? ['qemu-system-x86_64', '-machine', 'pc'] : ['qemu-system-aarch64', '-machine', 'virt', '-cpu', 'cortex-a57'];
  const kernel = ['-kernel', `${image}/vmlinuz`, '-initrd', `${image}/initrd.gz`];
  const words = ['-append', `console=${x64 ? 'ttyS0 no_timer_check' : 'ttyAMA0'} quiet`];
  const card = ['-netdev', `vde,id=n,sock=${directory}`, '-device', `virtio-net-pci,netdev=n,mac=${mac},romfile=`];
  const machine = ['-accel', 'tcg,tb-size=32', '-m', '96', '-nodefaults', '-display', 'none', '-serial', 'stdio'];
  const [program, ...args] = [...qemu, ...machine, ...kernel, ...words, ...card];
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Reads the console until a line matches; fails when the guest ends before. */
async function waitFor(guest, pattern) {
  for await (const line of createInterface({ input: guest.stdout })) {
    const match = pattern.exec(line);
    if (match) return match;
  }
  throw new Error(`the guest ended before it said ${pattern}`);
}

const directory = mkdtempSync('/tmp/pair-');
const network = await openSwitch({ directory: `${directory}/net`, dhcp: { subnet: '10.77.0.0/24', state: `${directory}/leases` } });
const guests = ['52:54:00:77:00:01', '52:54:00:77:00:02'].map((mac) => startGuest(mac, network.directory));
try {
  const addresses = await Promise.all(guests.map((guest) => waitFor(guest, /^LEASE (\S+)/).then(([, address]) => address)));
  addresses.forEach((address, n) => console.log(`guest ${n + 1} has ${address}`));
  guests[0].stdin.write(`ping -c 3 ${addresses[1]}\n`);
  const [, received] = await waitFor(guests[0], /(\d+) packets received/);
  console.log(`guest 1 pings guest 2: ${received} of 3 answered`);
  if (received === '0') process.exitCode = 1;
} finally {
  for (const guest of guests) guest.kill();
  await network[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
}
