/**
 * Clients that come and go: plugs into the VDE directory of its first argument so many times a second as its second says, speaks one
 * frame each time and leaves. When its standard input ends it says how many came and went, and in what time.
 */
import { Outgoing } from '../load/batch.ts';
import { attach } from '../load/attach.ts';

const directory = process.argv[2] ?? '';
const interval = 1000 / Number(process.argv[3]);
const began = performance.now();
let visits = 0;

// Missed visits are made up for, so that a switch that is slow to answer is not visited less.
const timer = setInterval(() => {
  while (visits * interval < performance.now() - began) visit();
}, interval / 2);
process.stdout.write('ready\n');
process.stdin.resume().once('end', () => {
  clearInterval(timer);
  process.stdout.write(`${JSON.stringify({ visits, seconds: (performance.now() - began) / 1000 })}\n`);
});

function visit(): void {
  visits++;
  using attachment = attach({ directory });
  const hello = Buffer.alloc(60, 0xff);
  hello.writeUIntBE(0x0200_0001_0000 + (visits % 0x10000), 6, 6);
  new Outgoing([hello]).send(attachment.fd, 1);
}
