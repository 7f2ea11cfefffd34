import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { openApi } from '../../src/http/openapi.ts';
import { routes } from '../../src/http/routes.ts';
import { root } from '../house/house.ts';
import { newDirectory } from '../ports/rig.ts';
import { ask, openApi as openStage, openHttp } from './api-stage.ts';

/** A program that uses a client with the generated types. It prints the values that it got. */
const program = `
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

const [baseUrl = '', token = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${token}\` } });

const made = await client.POST('/v1/port/create', { body: { port: 7 } });
const number: number | undefined = made.data;
const listed = await client.GET('/v1/port/list', { params: { query: { port: 7 } } });
const impairments: (string | undefined)[] | undefined = listed.data?.map(({ impairment }) => impairment);
const done = await client.POST('/v1/port/setup', { body: { port: 7, up: false } });
const failed = await client.GET('/v1/dhcp/showinfo');
const detail: string | undefined = failed.error?.detail;
const ticket = await client.POST('/v1/tickets', { body: { path: '/v1/events' } });
type Event = components['schemas']['Event'];
const told = (event: Event): string => (event.kind === 'port' ? event.change : event.kind);
const event = told({ kind: 'port', change: 'up', port: 7, time: '' });
console.log(JSON.stringify([number, impairments, done.response.status, detail, ticket.data?.seconds, event]));
`;

/** Programs that the compiler must refuse. */
const faulty = [
  ['a path that is none', `await client.GET('/v1/port/lst');`],
  ['another method', `await client.POST('/v1/port/list', {});`],
  ['an argument of another type', `await client.POST('/v1/port/create', { body: { port: '7' } });`],
  ['an argument that is missing', `await client.POST('/v1/port/setup', { body: { port: 7 } });`],
  ['a field that is none', `(await client.GET('/v1/port/list')).data?.[0]?.nmae;`],
] as const;

/** Returns a directory with the types that are generated from the document, in which programs can be compiled. */
async function clientDirectory(): Promise<string> {
  const directory = newDirectory();
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  writeFileSync(join(directory, 'api.d.ts'), astToString(await openapiTS(openApi() as unknown as OpenAPI3)));
  return directory;
}

/** Compiles programs, and returns the number of the compiler's complaints about each. */
function compile(files: readonly string[]): readonly number[] {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    types: [join(root, 'node_modules/@types/node')],
  };
  const built = ts.createProgram(files, options);
  built.emit();
  const complaints = ts.getPreEmitDiagnostics(built);
  for (const { file, messageText } of complaints)
    if (file === undefined) throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
  return files.map((name) => complaints.filter(({ file }) => file?.fileName === name).length);
}

describe('the description of the API', () => {
  const document = openApi();

  it('is in docs/openapi.json as it is (else: npm run openapi)', () => {
    expect(JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('is served', async () => {
    const { path } = await openStage();
    expect(await ask(path, '/v1/openapi.json')).toMatchObject({ status: 200, type: 'application/json', body: { openapi: '3.1.0' } });
    const { port } = await openHttp();
    expect((await ask(port, '/v1/openapi.json')).status).toBe(401);
  });

  it('is valid', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    const broken = { ...structuredClone(document), paths: { '/v1': { get: { responses: 7 } } } };
    expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
  });

  it('has each operation, by its method', () => {
    const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
    for (const { path, method, operation } of routes.values())
      expect(paths[path]?.[method.toLowerCase()]?.operationId).toBe(operation.name);
    const ids = Object.values(paths).flatMap((one) => Object.values(one).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(routes.size + 5);
  });
});

describe('a client that is generated from it', { timeout: 120_000 }, () => {
  it('is compiled, asks a server, and lets the compiler find mistakes', async () => {
    const directory = await clientDirectory();
    const beginning = program.slice(0, program.indexOf('const made'));
    const sources = [program, ...faulty.map(([, line]) => `${beginning}\n${line}\n`)];
    const files = sources.map((_, i) => join(directory, `client-${i}.ts`));
    sources.forEach((source, i) => writeFileSync(files[i] ?? '', source));
    const [complaints, ...ofFaulty] = compile(files);
    expect(complaints).toBe(0);
    expect(faulty.filter((_, i) => ofFaulty[i] === 0)).toEqual([]);

    const { port, token } = await openHttp();
    const words = [join(directory, 'client-0.js'), `http://127.0.0.1:${port}`, token];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const piece of child.stdout.setEncoding('utf8')) said += String(piece);
    expect(JSON.parse(said)).toEqual([7, [null], 204, expect.stringContaining('no DHCP server'), 10, 'up']);
  });
});
