import { Option, type Command } from 'commander';
import { addHttpOptions } from './http-option.ts';
import { collect, groupId, integer, octal } from './option-values.ts';

/** Adds the options for the management of a switch and its HTTP server, and for the background. */
export function addManagementOptions(command: Command): Command {
  return addHttpOptions(command)
    .option('-M, --mgmt <path>', 'socket of the management console')
    .option('--mgmtmode <mode>', 'mode of the console and of the sockets of port 0, octal', octal)
    .option('--mgmtgroup <group>', 'group of the console and of the sockets of port 0', groupId)
    .option('-f, --rcfile <file>', 'run the console commands of this file at the start (repeatable)', collect, [])
    .option('--console', 'read console commands from standard input, and end at its end', false)
    .option('--nostdin', 'accepted for vde_switch; this is the default')
    .option('-p, --pidfile <file>', 'write the process id to this file')
    .option('-d, --daemon', 'run in the background once it serves', false);
}

/** Adds the limits of the backlog. */
export function addBacklogOptions(command: Command): Command {
  return command
    .option('--backlog-frames <n>', 'maximum number of frames that wait for a reader', integer(0, 2 ** 20), 4096)
    .option('--backlog-octets <n>', 'maximum number of octets that wait for a reader', integer(0, 2 ** 30), 2 * 2 ** 20)
    .option('--backlog-age <ms>', 'maximum time that a frame waits for a reader, in milliseconds', integer(1, 2 ** 31 - 1), 2000)
    .option('--backlog-budget <octets>', 'maximum memory of all waiting frames, in octets', integer(0, 2 ** 34), 32 * 2 ** 20);
}

/** Returns the option of the switch's directory; `short` is its short form. */
export function sockOption(short = ''): Option {
  return new Option(`${short}--sock <dir>`, "directory of the switch's sockets");
}
