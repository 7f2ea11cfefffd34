/**
 * The checks of the console that ours passes and the original does not, each with the row of the table in docs/compatibility.md.
 */
const rows = {
  3: ['users: whose port it may be is whose process asks, not whose file it names'],
  8: [
    'hash: a station is forgotten when its port leaves its VLAN, and others are not',
    'hash: to change one VLAN of a port is not to forget its stations in others',
    'hash: a client that leaves takes its stations along, and no others',
  ],
  24: [
    'console: all lines that come at once are done, in their order',
    'console: each of two empty lines that come at once has the prompt for a reply',
    'console: a line of 128 octets is one line',
    'console: a line of 129 octets is one line',
    'console: a line of 300 octets is one line',
    'console: a line of 4000 octets is one line',
    'console: a line that is longer than any is refused, and the session goes on',
    'load: a line of 200 octets is one line',
    'rc: a long comment is one to its end',
    'stdin: all that is said before its end is done',
  ],
  25: ['console: a reply is whole, however long', 'load: what a long file says is whole'],
  26: ['console port: more ports than any switch needs are refused', 'hash: a table that no memory holds is refused'],
  27: ['console port: a number with something behind it is nobody'],
  28: [
    'console port: a user beyond 31 bits is shown as he is, and harms nobody',
    'users: one of a user namespace, beyond 100,000, is shown, too',
  ],
  29: ['console vlan: VLAN 0 stays, for it is that of new ports'],
  30: ['clients: a description cannot feign lines of the console', 'clients: a description cannot feign events either'],
  31: ['users: who may not use a free port is given another one when he names none'],
  32: ['load: a directory is refused', 'load: a file that loads itself comes to an end soon'],
  33: ['load: a file is opened with the rights of who asks for it'],
  34: ['plugin: no library is loaded'],
  35: ['plugin: whoever names none removes none'],
  36: ['iplog: an address in a VLAN'],
  37: ['socket: a file that is no socket is left alone'],
  39: ['hash: --hashsize 0 is the usual table'],
  40: ['debug: what a session does not read at once waits for it'],
};

/** Row and check name. */
export const onPurposeConsole = Object.entries(rows).flatMap(([row, names]) => names.map((name) => [Number(row), name]));
