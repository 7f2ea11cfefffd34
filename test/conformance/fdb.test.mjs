/**
 * Black-box tests of the stations that a switch knows: how long, and what moves them. Those that wait run side by side.
 */
import t from 'tap';
import { Bench, inShort } from './bench.mjs';
import { Client, everybody, frame, numbered, pause, portWord } from './peer.mjs';

t.jobs = 4;

const [station, other] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const ports = { A: { port: 1 }, B: { port: 2 }, C: { port: 3 } };
const hello = (length = 60) => frame(everybody, station, length);
const question = frame(station, other, 70);

/** Returns which clients receive a frame to the station: `C` sends, so A, B or both. The frame has a source of its own. */
const whoHears = async (at) => Object.keys(inShort(await at.send('C', question))).join('');

/** tap writes into what it is given. */
const waits = () => ({ buffered: true });

/** Waits until the question is heard by exactly these; it may ask as often as it likes, for asking is not speaking. */
async function comesTo(at, expected, limit = 20_000) {
  const deadline = Date.now() + limit;
  for (let who = await whoHears(at); who !== expected; who = await whoHears(at)) {
    if (Date.now() > deadline) throw new Error(`${who} hears it, not ${expected}`);
    await pause(50);
  }
}

t.test('stations-learned: a station that has sent is known', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  t.equal(await whoHears(at), 'AB', 'not before');
  await at.send('A', hello());
  t.equal(await whoHears(at), 'A');
});

t.test('stations-too-soon: a station that sends elsewhere at once is heard, and not moved', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  await at.send('A', hello());
  t.same(inShort(await at.send('B', hello(61))), { A: 'untagged 61', C: 'untagged 61' });
  t.equal(await whoHears(at), 'A');
});

t.test('stations-moved: a station that sends elsewhere after 4 s of silence is moved', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  const start = Date.now();
  await at.send('A', hello());
  // It tries again and again, as a machine does that was carried elsewhere.
  for (;;) {
    await at.send('B', hello());
    if ((await whoHears(at)) === 'B') break;
    if (Date.now() - start > 20_000) throw new Error('it was never moved');
    await pause(100);
  }
  t.ok(Date.now() - start > 1_900, `it was held for a while: ${Date.now() - start} ms`);
});

t.test('stations-talking: a station that keeps sending is not moved', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  const start = Date.now();
  while (Date.now() - start < 5_000) {
    await at.send('A', hello());
    await at.send('B', hello());
    t.equal(await whoHears(at), 'A');
    await pause(250);
  }
});

t.test('stations-no-persistence: the minimum persistence may be 0', waits(), async (t) => {
  const at = await Bench.open(t, ports, { lines: ['hash/setminper 0'] });
  await at.send('A', hello());
  const start = Date.now();
  for (;;) {
    await at.send('B', hello());
    if ((await whoHears(at)) === 'B') break;
    if (Date.now() - start > 10_000) throw new Error('it was never moved');
  }
  t.ok(Date.now() - start < 2_900, `it is moved at once, in the seconds of the original: ${Date.now() - start} ms`);
});

t.test('stations-long-persistence: the minimum persistence may be long', waits(), async (t) => {
  const at = await Bench.open(t, ports, { lines: ['hash/setminper 60'] });
  await at.send('A', hello());
  const start = Date.now();
  while (Date.now() - start < 5_000) {
    await at.send('B', hello());
    t.equal(await whoHears(at), 'A');
    await pause(250);
  }
});

t.test('stations-expires: a silent station is forgotten', waits(), async (t) => {
  const at = await Bench.open(t, ports, { lines: ['hash/setexpire 2', 'hash/setgcint 1'] });
  const start = Date.now();
  await at.send('A', hello());
  t.equal(await whoHears(at), 'A');
  await comesTo(at, 'AB');
  t.ok(Date.now() - start > 900, `not at once: ${Date.now() - start} ms`);
});

t.test('stations-kept: a station that sends is not forgotten', waits(), async (t) => {
  const at = await Bench.open(t, ports, { lines: ['hash/setexpire 3', 'hash/setgcint 1'] });
  const start = Date.now();
  while (Date.now() - start < 6_000) {
    await at.send('A', hello());
    t.equal(await whoHears(at), 'A');
    await pause(200);
  }
});

t.test('stations-spoken-to: frames to a station do not keep it', waits(), async (t) => {
  const at = await Bench.open(t, ports, { lines: ['hash/setexpire 2', 'hash/setgcint 1'] });
  await at.send('A', hello());
  await comesTo(at, 'AB');
  t.pass('though it was asked all the time');
});

t.test('stations-default-expiry: by default a station is known after 5 s of silence', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  await at.send('A', hello());
  const start = Date.now();
  while (Date.now() - start < 5_000) {
    t.equal(await whoHears(at), 'A');
    await pause(500);
  }
});

t.test('stations-client-leaves: the stations of a client that leaves are forgotten', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  await at.send('A', hello());
  await at.clients.A.leave();
  delete at.clients.A;
  t.equal(await whoHears(at), 'B', 'what is for them goes to everybody');
});

t.test('stations-port-stays: the stations of a port are kept while one of its clients stays', waits(), async (t) => {
  const at = await Bench.open(t, { A: { port: 1 }, A2: { port: 1 }, B: { port: 2 }, C: { port: 3 } });
  await at.send('A2', hello());
  await at.clients.A2.leave();
  delete at.clients.A2;
  t.equal(await whoHears(at), 'A');
});

for (const [name, change] of [
  ['comes', (t, at) => Client.joined(t, at.directory, portWord(9))],
  ['leaves', (t, at) => at.gone.leave()],
]) {
  t.test(`stations-other-client[${name}]: stations are kept when another client ${name}`, waits(), async (t) => {
    const at = await Bench.open(t, ports);
    if (name === 'leaves') at.gone = await Client.joined(t, at.directory, portWord(9));
    await at.send('A', hello());
    t.equal(await whoHears(at), 'A');
    await change(t, at);
    t.equal(await whoHears(at), 'A');
  });
}

t.test('stations-setsize: hash/setsize forgets all stations', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  await at.send('A', hello());
  await at.switch.command('hash/setsize 64');
  t.equal(await whoHears(at), 'AB');
});

t.test('stations-one-bucket: a table of one bucket knows as many stations', waits(), async (t) => {
  const at = await Bench.open(t, ports, { args: ['--hashsize', '1'] });
  for (let i = 1; i <= 40; i++) await at.send('A', frame(everybody, numbered(i)));
  for (const i of [1, 20, 40]) t.same(inShort(await at.send('C', frame(numbered(i), other, 70))), { A: 'untagged 70' });
});

t.test('stations-thousand: 1,000 stations of one port are known, together with those of another', waits(), async (t) => {
  const at = await Bench.open(t, ports);
  await at.send('A', hello());
  for (let i = 0; i < 1000; i += 20) {
    const some = Array.from({ length: 20 }, (_, j) => frame(everybody, numbered(i + j)));
    await at.send('B', ...some);
  }
  t.equal(await whoHears(at), 'A');
  for (const i of [0, 500, 999]) t.same(inShort(await at.send('C', frame(numbered(i), other, 70))), { B: 'untagged 70' });
});
