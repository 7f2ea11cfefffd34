/**
 * A client of the API: asks the socket of its first argument for the path of its second, as many times a second as its third says, or one
 * time after the other if that is 0. When its standard input ends it says how many answers it got, in what time, and how long they took.
 */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const [socketPath = '', path = '', rate = '0'] = process.argv.slice(2);
const interval = Number(rate) === 0 ? 0 : 1000 / Number(rate);
const began = performance.now();
const times: number[] = [];
let goesOn = true;

process.stdin.resume().once('end', () => (goesOn = false));
await ask();
process.stdout.write('ready\n');
while (goesOn) {
  const start = performance.now();
  await ask();
  times.push(performance.now() - start);
  if (interval > 0) await delay(Math.max(0, interval - (performance.now() - start)));
}
times.sort((a, b) => a - b);
const median = times[Math.floor(times.length / 2)] ?? 0;
process.stdout.write(`${JSON.stringify({ reads: times.length, seconds: (performance.now() - began) / 1000, median })}\n`);

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    asked.on('error', reject).end();
  });
}
