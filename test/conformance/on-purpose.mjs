/**
 * The checks that ours passes and the original does not, by the row of the table in docs/compatibility.md that says why. The console's
 * are in a file of their own.
 */
import { existsSync } from 'node:fs';

const consolePart = new URL('on-purpose-console.mjs', import.meta.url);

const rows = {
  1: ['ports: one that is not to be had closes the stream', 'ports: when none is free the stream is closed'],
  2: [
    ...[1519, 4000, 9000, 9234].map((length) => `frames: one of ${length} octets is not cut`),
    'frames: what is longer than any goes nowhere',
  ],
  5: ['layout: a directory of another user is refused', 'layout: a sticky directory is refused'],
  6: [
    'requests: a description of 800 octets is no second request',
    'requests: garbage after the request ends the port, whole',
    'requests: a second request after the request ends the port, whole',
  ],
  7: ['frames: what a reader did not read waits for it'],
  8: ['stations: they are known though another client comes', 'stations: they are known though another client leaves'],
  9: ['taps: a name that is too long is none'],
  10: ['vlan: a frame with two tags is not taken for one of the VLAN that the second says'],
  11: [
    'daemon: a pid file that is there is refused before the command returns',
    'daemon: a pid file without a directory is refused before the command returns',
    'pidfile: a file in its place is refused, and nothing is left of the switch',
    'pidfile: that of a switch that runs, which holds its pid file, is refused and stays',
    'pidfile: that of a switch that runs, whose number somebody wrote there, is refused and stays',
  ],
  12: ['daemon: it does not stay in the directory that it was started in'],
  13: ['requests: refusals of ports that are not there take no descriptors'],
  14: ['requests: one that comes in two pieces is one'],
  15: [
    'leaving: what a killed client left in the directory goes',
    'ending: sockets of dead clients do not keep the directory',
    "starting: sockets of a killed switch's ports are removed",
  ],
  16: ['layout: a file in the place of the directory keeps its mode'],
  17: ['layout: a file in the place of ctl is refused, and stays'],
  18: ['layout: a directory whose name is too long for its sockets is served as it is'],
  19: ['options: --nostdin keeps the switch when standard input ends'],
  20: ['fstp: that the port to the root is gone is told at once'],
  21: ['fstp: a port that hears a worse bridge is closed until that has agreed'],
  22: ['fstp: a root leaves its port open though the other end is closed'],
  23: ['fstp: what is as old as it may become is not heeded'],
  41: ['pidfile: that of a killed switch is replaced, each time', 'pidfile: that of a process that is no switch is replaced'],
  42: ["requests: another user's abstract socket is not taken for the client's"],
  43: ['removed: a directory is made again, and its clients hear each other meanwhile'],
};

/** Check name -> row. */
export const onPurpose = new Map([
  ...Object.entries(rows).flatMap(([row, names]) => names.map((name) => [name, Number(row)])),
  ...(existsSync(consolePart) ? (await import(consolePart)).onPurposeConsole.map(([row, name]) => [name, row]) : []),
]);
