import { Option, type Command } from 'commander';
import { attachmentKinds } from '../launcher/guest/attachment.ts';
import { addGatewayOptions } from './gateway-arguments.ts';
import { defaultPort } from '../launcher/master.ts';
import { runIdentityNew } from './identity.ts';
import { runJoin, type JoinArguments } from './join.ts';
import { lineVariable } from './line-text.ts';
import { runMaster, type MasterArguments } from './master.ts';
import { addNetworkOptions } from './network-arguments.ts';
import { collect, collectId, integer, quality } from './option-values.ts';
import { addAddressHelp, portOption } from './port-option.ts';
import { runSlave, type SlaveArguments } from './slave.ts';
import { addBacklogOptions, addManagementOptions, sockOption } from './switch-options.ts';

/** Adds the commands that run the nodes of a star. `exit` is called with the exit status. */
export function addNodeCommands(root: Command, exit: (status: number) => void): void {
  addMaster(root, exit);
  addJoin(root, exit);
  addSlave(root, exit);
  addIdentity(root);
}

function addMaster(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('master')
    .description('run the master of a star, which other hosts join: a switch with a DHCP server')
    .option('--listen <host:port>', `address for slaves (default: all addresses, port ${defaultPort})`)
    .option('--subnet <network>', 'the network to serve, as 10.77.0.0/24 (default: a free one of 10.0.0.0/8, kept in the state)')
    .option('--advertise <host:port>', 'an address under which slaves reach it, as behind NAT (repeatable; default: its own)', collect, [])
    .option('--line-file <file>', 'write the line by which hosts join to this file, at the first start (default: print it, on a terminal)')
    .option('--approve', 'let a host join only after `etherloom group accept`', false)
    .option('--control <port>', 'port for plain slaves of version 0.2 to join at (default: one above --listen)', integer(1, 65_535))
    .option('--no-dhcp', 'run no DHCP server; with --guest, the guest runs one')
    .option('--slave-port <id=port>', 'a plain link port for this slave alone (repeatable)', collect, [])
    .option('--reserve <id=address>', 'reserve an address for the guest of this id (repeatable)', collect, [])
    .option('--trust-dhcp <id>', 'let DHCP servers behind this member answer (repeatable)', collectId, [])
    .option(
      '--open-member <id>',
      'let bridges and routers be behind this member: refuse only the addresses of the server (repeatable)',
      collectId,
      [],
    )
    .option('--max-links <n>', 'maximum number of plain links', integer(1, 65_535), 256);
  addNodeOptions(addGatewayOptions(addNetworkOptions(command))).action(async (options: MasterArguments) => exit(await runMaster(options)));
}

function addJoin(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('join')
    .description('join a star by a line that its master printed, and run the slave of this host')
    .argument('[line]', `the line: HOST:PORT/PIN.ID.SECRET; - reads it from standard input (default: ${lineVariable}, or the joined star)`)
    .option('--only', 'join, and end', false)
    .option('--new-master', "accept another master for the joined group, which has lost its key: the line has the new one's pin", false)
    .option('--ephemeral', 'keep the key in memory only: the group forgets this host a minute after it was last seen', false)
    .option('--name <name>', 'ask for this name (default: the name of this host)');
  addSlaveOptions(command).action(async (line: string | undefined, options: JoinArguments) => exit(await runJoin(line, options)));
}

function addSlave(root: Command, exit: (status: number) => void): void {
  const command = root
    .command('slave')
    .description('run a slave of a star: a switch for this host and its guest, linked to the master')
    .option('--master <host:port>', 'the --listen address of a master without encryption; not for a state that has joined by a line')
    .option('--control <port>', 'its control port (default: one above --master)', integer(1, 65_535))
    .option('--print-qemu', 'print how to attach a QEMU of your own to a slave that has joined, and end', false);
  addSlaveOptions(command).action(async (options: SlaveArguments) => exit(await runSlave(options)));
}

function addIdentity(root: Command): void {
  const identity = root.command('identity').description('the key by which other hosts know this one');
  identity
    .command('new')
    .description('make a new key in a state directory that was copied, as with its virtual machine; then it joins by a new line')
    .requiredOption('--state <dir>', "the master's or slave's --state")
    .action(({ state }: { state: string }) => runIdentityNew(state));
}

/** Adds the options of all slaves. */
function addSlaveOptions(command: Command): Command {
  return addNodeOptions(command)
    .option('--id <n>', 'ask for this id (default: the next free one)', integer(1, 65_535))
    .option('--shortcut-port <port>', 'TCP port at which other slaves link directly (default: any free one)', integer(1, 65_535))
    .option('--impair <quality>', 'impair the frames of the link, as in "loss 5, delay 20+5"', quality);
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
    .option('--no-shortcuts', 'let all traffic between slaves go by the master, also if they could link directly')
    .option('--plain', 'allow unencrypted links of the star beyond this machine; a --port says plain=yes', false);
}
