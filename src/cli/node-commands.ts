import { Option, type Command } from 'commander';
import { attachmentKinds } from '../launcher/guest/attachment.ts';
import { addGatewayOptions } from './gateway-arguments.ts';
import { runMaster, type MasterArguments } from './master.ts';
import { addNetworkOptions } from './network-arguments.ts';
import { collect, integer, quality } from './option-values.ts';
import { addAddressHelp, portOption } from './port-option.ts';
import { runSlave, type SlaveArguments } from './slave.ts';
import { addBacklogOptions, addManagementOptions, sockOption } from './switch-options.ts';

/** Adds the commands that run the nodes of a star. `exit` is called with the exit status. */
export function addNodeCommands(root: Command, exit: (status: number) => void): void {
  addMaster(root, exit);
  addSlave(root, exit);
}

function addMaster(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('master')
    .description('run the master of a star: a switch with a DHCP server that slaves link to')
    .requiredOption('--listen <host:port>', 'link address for slaves; the control port is the one above it')
    .requiredOption('--subnet <network>', 'the network to serve, as 10.77.0.0/24')
    .option('--control <port>', 'control port, where slaves join (default: one above --listen)', integer(1, 65_535))
    .option('--no-dhcp', 'run no DHCP server; with --guest, the guest runs one')
    .option('--slave-port <id=port>', 'a link port for this slave alone (repeatable)', collect, [])
    .option('--reserve <id=address>', 'reserve an address for the guest of this id (repeatable)', collect, [])
    .option('--max-links <n>', 'maximum number of links', integer(1, 65_535), 256);
  addNodeOptions(addGatewayOptions(addNetworkOptions(command))).action(async (options: MasterArguments) => exit(await runMaster(options)));
}

function addSlave(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('slave')
    .description('run a slave of a star: a switch for this host and its guest, linked to the master')
    .requiredOption('--master <host:port>', "the master's --listen address")
    .option('--control <port>', "the master's control port (default: one above --master)", integer(1, 65_535))
    .option('--id <n>', 'ask for this id (default: the next free one)', integer(1, 65_535))
    .option('--impair <quality>', 'impair the frames of the link, as in "loss 5, delay 20+5"', quality);
  addNodeOptions(command).action(async (options: SlaveArguments) => exit(await runSlave(options)));
}

/** Adds the options that master and slave share. */
function addNodeOptions(command: Command): Command {
  return addAddressHelp(addManagementOptions(addBacklogOptions(command)))
    .addOption(sockOption())
    .addOption(portOption())
    .option('--state <dir>', 'directory of the state that outlives a restart')
    .option('--guest <dir>', 'start a guest from the image in this directory, made by `etherloom guest build`')
    .addOption(new Option('--attach <how>', 'how QEMU is attached to the switch').choices(attachmentKinds))
    .addOption(new Option('--accel <name>', "QEMU's accelerator").choices(['auto', 'tcg', 'kvm']))
    .option('--qemu <path>', 'path of QEMU')
    .option('--memory <mib>', "the guest's memory in MiB, at least 80 (default: 96)", integer(1, 65_536))
    .option('--link-mtu <octets>', 'largest MTU on links', integer(1500, 65_517), 65_517)
    .option('--dead-after <seconds>', 'silence after which the far end of a link counts as dead', integer(2, 600), 5)
    .option('--plain', 'allow unencrypted links of the star beyond this machine; a --port says plain=yes', false);
}
