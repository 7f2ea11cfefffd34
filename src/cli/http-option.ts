import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { Option, type Command } from 'commander';
import type { OpenFace } from '../daemon/management.ts';
import { say } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import { httpAt, type HttpPlace } from '../http/http-face.ts';
import { newToken } from '../http/token.ts';
import type { Log } from '../log.ts';
import { exposureOf } from '../ports/exposure.ts';
import { parseTcpAddress, resolveHost } from '../ports/tcp-address.ts';
import type { Random } from '../random.ts';
import { fileToken } from './http-token.ts';

/** The options of the HTTP server. */
export interface HttpArguments {
  readonly http?: string;
  readonly httpTokenFile?: string;
  readonly metricsTokenFile?: string;
  readonly httpReadOnly: boolean;
  readonly httpPlain: boolean;
}

/** Adds the options of the HTTP server. */
export function addHttpOptions(command: Command): Command {
  return command
    .option('--http <address>', 'serve the API at HOST:PORT or at a unix socket, as 127.0.0.1:7979 or ./http: see docs/http.md')
    .option('--http-token-file <file>', 'the token of --http: read from this file, or made and written to it')
    .option(
      '--metrics-token-file <file>',
      'a token that is good for /metrics of --http alone: read from this file, or made and written to it',
    )
    .option('--http-read-only', 'let clients of --http only read, and see no frames', false)
    .addOption(new Option('--http-plain', 'let --http serve beyond this machine without encryption').default(false));
}

/**
 * Returns the HTTP server that the user wants, as faces of the switch: one, or none. Throws EtherloomError: `bad-option`, `bad-address`, and
 * `not-permitted` for an address beyond this machine without --http-plain, and for a token that others may read.
 */
export async function httpFaces(given: HttpArguments, { random, log }: { random: Random; log: Log }): Promise<readonly OpenFace[]> {
  const { http, httpTokenFile: file, httpReadOnly: readOnly } = given;
  if (http === undefined) return withoutHttp(given);
  const place = await placeOf(http, given, log);
  if (file === undefined && !isatty(1)) {
    const lack = 'the token of --http is printed on a terminal alone, and standard output is none';
    throw new EtherloomError('bad-option', `${lack}; choose a file for it by --http-token-file`);
  }
  const token = file === undefined ? newToken(random) : await fileToken(file, '--http-token-file', random);
  const metricsToken = await metricsTokenIn(given.metricsTokenFile, token, random);
  const opened = (name: string): void => {
    say(`http ${name}`);
    if (file === undefined) say(exampleOf(name, token));
  };
  return [httpAt({ place, token, metricsToken, readOnly, random, opened })];
}

async function metricsTokenIn(file: string | undefined, token: string, random: Random): Promise<string | undefined> {
  const metricsToken = file === undefined ? undefined : await fileToken(file, '--metrics-token-file', random);
  if (metricsToken !== token) return metricsToken;
  throw new EtherloomError('bad-option', `the token in ${file} is that of --http, which may do everything; choose another file for it`);
}

function withoutHttp({ httpTokenFile, metricsTokenFile, httpReadOnly, httpPlain }: HttpArguments): readonly OpenFace[] {
  const options = {
    '--http-token-file': httpTokenFile !== undefined,
    '--metrics-token-file': metricsTokenFile !== undefined,
    '--http-read-only': httpReadOnly,
    '--http-plain': httpPlain,
  };
  const given = Object.entries(options).find(([, isGiven]) => isGiven);
  if (given) throw new EtherloomError('bad-option', `${given[0]} has no effect without --http; add --http ADDRESS`);
  return [];
}

/** A text with a slash is the path of a socket. */
async function placeOf(text: string, { httpPlain }: HttpArguments, log: Log): Promise<HttpPlace> {
  if (text.includes('/')) return { path: resolve(text) };
  const { host, port } = parseTcpAddress(text);
  const exposure = exposureOf(host, { plain: httpPlain });
  if (exposure === 'refused') {
    throw new EtherloomError(
      'not-permitted',
      `cannot serve HTTP at ${host}: it is not encrypted, and the token could be read on the way; serve 127.0.0.1 and reach it by ssh -L, or add --http-plain if the network is private`,
    );
  }
  if (exposure === 'plain') log.warn(`HTTP at ${host} is not encrypted: anyone on the way can read the token, and then rule this switch`);
  return { host, address: await resolveHost(host), port };
}

/** Returns a command that asks the server, with the token. */
function exampleOf(name: string, token: string): string {
  const header = `-H 'Authorization: Bearer ${token}'`;
  if (!name.startsWith('/')) return `ask it by: curl ${header} http://${name}/v1/switch/showinfo`;
  return `ask it by: curl ${header} --unix-socket '${name.replaceAll("'", String.raw`'\''`)}' http://etherloom/v1/switch/showinfo`;
}
