import { EtherloomError } from '../../../src/errors.ts';
import { decodeGroupChange, encodeGroupChange } from '../../../src/star/group-change.ts';
import { formatLine, parseLine } from '../../../src/star/line.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../../src/star/message-codec.ts';
import { decodeSlaveMemory, encodeSlaveMemory } from '../../../src/star/slave-memory.ts';
import { must, octetsOf, type Target } from '../target.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const token = `{"id":"abcdefgh","secret":"${letters.slice(0, 26)}"}`;

const messages: readonly string[] = [
  `{"type":"hello","version":1,"key":"00112233445566778899aabbccddeeff","demanded":3,"last":2}`,
  `{"type":"hello","version":1,"software":"0.3.0","host":"lap","name":"web","run":"r","incarnation":"i","group":"g","token":${token}}`,
  `{"type":"welcome","version":1,"id":3,"mac":"02:65:6c:00:00:03","address":"10.77.0.13","network":"10.77.0.0/24","mtu":1500,"linkPort":7000,"masters":[{"pin":"${letters}","addresses":["a:1"]}],"term":1,"incarnation":"i"}`,
  '{"type":"refusal","reason":"no","retry":true,"code":"alive"}',
  '{"type":"alive","sent":1,"echo":2,"held":3}',
  '{"type":"confirm","incarnation":"i"}',
  '{"type":"wait","reason":"r"}',
  `{"type":"rekey","token":${token}}`,
  `{"type":"next-pin","pin":"${letters}"}`,
  `{"type":"holds-pin","pin":"${letters}"}`,
  `{"type":"disputes-pin","pins":["${letters}","${letters}"]}`,
  '{"type":"news","serial":1,"description":{"vlan":5}}',
  `{"type":"masters","term":2,"masters":[{"pin":"${letters}","addresses":[]}]}`,
  '{"type":"renamed","name":"web"}',
  '{"type":"kicked","reason":"r"}',
  '{"type":"state","guest":"ready","address":"10.77.0.13"}',
  '{"type":"leave"}',
  '{"type":"shout"}',
];

const changes: readonly string[] = [
  '{"type":"group","id":"g","since":1}',
  `{"type":"member","member":{"key":"${letters}","id":1,"name":"web","since":1,"seen":2,"linked":true,"incarnation":"i"}}`,
  `{"type":"removed","key":"${letters}","reuse":true}`,
  '{"type":"retired","id":7}',
  `{"type":"barred","barred":{"key":"${letters}","id":1,"name":"web","at":3,"why":"kicked"}}`,
  '{"type":"token","token":{"id":"abcdefgh","hash":"h","made":1,"expires":2,"uses":1,"used":0}}',
  '{"type":"used","token":"abcdefgh","by":1,"at":4}',
  '{"type":"token-forgotten","id":"abcdefgh"}',
  `{"type":"next-pin","pin":"${letters}","since":1}`,
  `{"type":"next-pin-over","pin":"${letters}"}`,
];

const memories: readonly string[] = [
  `{"version":1,"pin":"${letters}","addresses":["a:1"],"token":${token}}`,
  `{"version":1,"pin":"${letters}","nextPins":["${letters}"],"formerPins":["${letters}"],"addresses":[]}`,
  `{"version":1,"pin":"${letters}","addresses":["a:1"],"key":"${letters}","welcome":${messages[2] ?? ''},"rekey":{"key":"${letters}","token":${token}}}`,
];

const words = (): readonly Uint8Array[] =>
  ['"', '{"', '}', 'null', '-1', '1e999', '"type":', '"toString":', '__proto__', '\\u0000', '\u001b['].map(octetsOf);

/** The lines of a control connection. */
const messageTarget: Target = {
  name: 'star-messages',
  seeds: () => messages.map(octetsOf),
  words,
  open: () => ({
    take(input) {
      const message = decodeJoinMessage(textOf(input));
      if (!message || message.type === 'other-version' || message.type === 'unknown') return;
      const line = encodeJoinMessage(message);
      must(line.indexOf('\n') === line.length - 1, () => `${JSON.stringify(line)} is one line`);
      const again = decodeJoinMessage(line.trimEnd());
      must(JSON.stringify(again) === JSON.stringify(message), () => `${JSON.stringify(again)} is ${JSON.stringify(message)}`);
    },
  }),
};

/** The lines to join by, with whatever a chat or a stranger makes of them. */
const lineTarget: Target = {
  name: 'star-lines',
  seeds: () =>
    [
      `host:7378/${letters}.abcdefgh.${letters.slice(0, 26)}`,
      `h:1/${letters}.${letters}.abcdefgh.${letters.slice(6)}`,
      `::1:7378/${letters}.abcdefgh.${letters.slice(6)}`,
    ].map(octetsOf),
  words: () => ['/', ':', '.', '[', ']', ' ', '\n', '\u200b', 'etherloom join '].map(octetsOf),
  open: () => ({
    take(input) {
      const text = textOf(input);
      try {
        const line = parseLine(text);
        must(JSON.stringify(parseLine(formatLine(line))) === JSON.stringify(line), () => `${text} is read as it is written`);
      } catch (error) {
        must(error instanceof EtherloomError, () => `${String(error)} is an error for the user`);
        for (let at = 0; at + 16 <= text.length; at++)
          must(!error.message.includes(text.slice(at, at + 16)), () => `${error.message} shows nothing of ${text}`);
      }
    },
  }),
};

/** The changes in a group's store, and the state of a slave. */
const stateTarget: Target = {
  name: 'star-states',
  seeds: () => [...changes, ...memories].map(octetsOf),
  words,
  open: () => ({
    take(input) {
      const text = textOf(input);
      const memory = decodeSlaveMemory(text);
      if (memory)
        must(
          encodeSlaveMemory(decodeSlaveMemory(encodeSlaveMemory(memory)) ?? memory) === encodeSlaveMemory(memory),
          () => `${text} is kept`,
        );
      const value = parsed(text);
      const change = decodeGroupChange(value);
      if (change) must(JSON.stringify(encodeGroupChange(change)) === JSON.stringify(value), () => `${text} is kept`);
    },
  }),
};

/** The texts of the star's protocol. */
export const starTargets: readonly Target[] = [messageTarget, lineTarget, stateTarget];

function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
