// The ends of connections through a gateway, each a process in its namespace; the octets of a transfer are the same on both sides.
//
//   serve ADDRESS PORT                 answers GET / with a page, GET /octets/N with N octets, POST with whether the octets are the same
//   page URL                           prints the page there
//   get URL N, put URL N               moves N octets, prints `moving`, then `same N octets in MS ms`
//   stream ADDRESS PORT                sends octets to the first connection, 6 MB a second, until its standard input ends, prints `streaming`, then `sent N`
//   follow ADDRESS PORT                receives those, prints `moving`, then `same N octets`
//   connect ADDRESS PORT N PARALLEL    that many short connections, one request each, prints `answered N`
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const chunk = Buffer.alloc(65_536);

/** Octets that look like chance, and are the same each time. */
class Octets {
  #cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));

  next(length) {
    return this.#cipher.update(length === chunk.length ? chunk : Buffer.alloc(length));
  }

  static *all(length) {
    const octets = new Octets();
    for (let left = length; left > 0; left -= chunk.length) yield octets.next(Math.min(left, chunk.length));
  }
}

/** Returns how many octets came; throws at the first that is another. */
async function compare(stream) {
  const octets = new Octets();
  let count = 0;
  for await (const part of stream) {
    if (!octets.next(part.length).equals(part)) throw new Error(`other octets than were sent, between ${count} and ${count + part.length}`);
    if (count === 0) console.log('moving');
    count += part.length;
  }
  return count;
}

function serve(address, port) {
  createServer(async (asked, answer) => {
    answer.on('error', () => undefined);
    const [, length] = /^\/octets\/(\d+)$/.exec(asked.url) ?? [];
    if (asked.method === 'POST') {
      const text = await compare(asked).then(
        (count) => `same ${count}`,
        (error) => error.message,
      );
      answer.end(text);
    } else if (length !== undefined) Readable.from(Octets.all(Number(length))).pipe(answer);
    else answer.end(`a page of ${asked.headers.host}\n`);
  }).listen(Number(port), address, () => console.log('serving'));
}

function ask(method, url, { body, timeout = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false, timeout }, resolve);
    asked.on('error', reject);
    asked.on('timeout', () => asked.destroy(new Error(`nothing came for ${timeout} ms`)));
    if (body) body.pipe(asked);
    else asked.end();
  });
}

async function get(url, length) {
  return compare(await ask('GET', `${url}/octets/${length}`));
}

async function page(url) {
  for await (const part of await ask('GET', url, { timeout: 3_000 })) process.stdout.write(part);
}

async function put(url, length) {
  console.log('moving');
  const answer = await ask('POST', url, { body: Readable.from(Octets.all(length)) });
  let text = '';
  for await (const part of answer) text += part;
  const [, count] = /^same (\d+)$/.exec(text) ?? [];
  if (count === undefined) throw new Error(text);
  return Number(count);
}

async function move(how, url, length) {
  const began = performance.now();
  const count = await how(url, length);
  if (count !== length) throw new Error(`${count} octets came of ${length}`);
  console.log(`same ${count} octets in ${Math.round(performance.now() - began)} ms`);
}

function connectOnce(address, port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => socket.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n'));
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    socket.on('error', reject);
    socket.on('close', () => (text.includes('a page of') ? resolve() : reject(new Error(`no page: ${text}`))));
  });
}

async function connectMany(address, port, count, parallel) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await connectOnce(address, port);
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  console.log(`answered ${count}`);
}

async function stream(address, port) {
  const ended = new Promise((resolve) => process.stdin.once('end', resolve).resume());
  let goesOn = true;
  void ended.then(() => (goesOn = false));
  const server = createTcpServer().listen(Number(port), address, () => console.log('streaming'));
  const [socket] = await once(server, 'connection');
  server.close();
  const octets = new Octets();
  while (goesOn) {
    if (!socket.write(octets.next(chunk.length))) await once(socket, 'drain');
    await delay(10);
  }
  socket.end();
  await once(socket, 'close');
  console.log(`sent ${socket.bytesWritten}`);
}

async function follow(address, port) {
  console.log(`same ${await compare(connect(Number(port), address))} octets`);
}

const [role, ...words] = process.argv.slice(2);
const work = {
  serve: ([address, port]) => serve(address, port),
  page: ([url]) => page(url),
  get: ([url, length]) => move(get, url, Number(length)),
  put: ([url, length]) => move(put, url, Number(length)),
  stream: ([address, port]) => stream(address, port),
  follow: ([address, port]) => follow(address, port),
  connect: ([address, port, count, parallel]) => connectMany(address, Number(port), Number(count), Number(parallel)),
}[role];
try {
  await work(words);
} catch (error) {
  console.log(`failed: ${error.message}`);
  process.exitCode = 1;
}
