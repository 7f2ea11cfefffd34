/** The description of the API in OpenAPI 3.1, made from the table of operations and its schemas. [OpenAPI 3.1] */
import { z } from 'zod';
import { serviceEvent } from '../management/schemas/events.ts';
import { counters } from '../management/schemas/values.ts';
import { apiRoot, eventsPath, metricsPath, openApiPath, ticketsPath } from './paths.ts';
import { routes, type JsonSchema, type Route } from './routes.ts';
import { ticketView, ticketWish } from './tickets.ts';

/** A part of the document, as JSON has it. */
type Part = Readonly<Record<string, unknown>>;

const introduction = `Each operation of a switch has a path. Operations that read are asked for by GET, all others by POST.

A service's own unix socket serves its own user without a token. A server of --http demands the token, as \`Authorization: Bearer TOKEN\`; a GET may have a ticket instead.`;

/** See Problem. */
const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string().describe('the text of the status'),
  status: z.int().describe('the status of HTTP'),
  detail: z.string().describe('the failure, and what to do about it'),
  code: z.string().optional().describe('the status of the operation, such as ENXIO; absent if none ran'),
});

const lost = z
  .object({ kind: z.literal('lost'), events: z.int().optional().describe('absent if the number is not known: read everything anew') })
  .describe('events that this reader missed');

const snapshot = z
  .object({ kind: z.literal('counters'), ...counters.shape })
  .describe('the counters, each second, for readers that ask for them');

/** Returns the document that `GET /v1/openapi.json` answers with. */
export function openApi(): Part {
  return {
    openapi: '3.1.0',
    info: { title: 'etherloom', summary: 'A running switch, or a node of a star', description: introduction, version: '1' },
    servers: [{ url: '/' }],
    security: [{}, { bearer: [] }],
    tags: [...new Set([...routes.values()].map(subjectOf))].map((name) => ({ name })),
    paths: Object.fromEntries([...own(), ...[...routes.values()].map((route) => [route.path, pathOf(route)] as const)]),
    components: {
      schemas: { Problem: jsonOf(problemSchema), Event: jsonOf(z.union([serviceEvent, lost, snapshot])) },
      responses: {
        Problem: {
          description: 'The request failed',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'the token of --http' },
        ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: `made by POST ${ticketsPath}; good once, within 10 s` },
      },
    },
  };
}

function pathOf(route: Route): Part {
  const { operation, method, value } = route;
  const reads = method === 'GET';
  return {
    [method.toLowerCase()]: {
      operationId: operation.name,
      summary: operation.summary,
      tags: [subjectOf(route)],
      'x-effect': operation.effect,
      ...(reads && { security: readerSecurity }),
      ...argumentsOf(route),
      responses: { ...(value.def.type === 'undefined' ? done : answer(jsonOf(value))), default: problemAnswer },
    },
  };
}

/** A reader may have a ticket instead of the token. */
const readerSecurity = [{}, { bearer: [] }, { ticket: [] }];

const done = { 204: { description: 'It is done' } };

const problemAnswer = { $ref: '#/components/responses/Problem' };

function answer(schema: Part, type = 'application/json'): Part {
  return { 200: { description: 'The value', content: { [type]: { schema } } } };
}

/** Returns the arguments: in the query of a GET, in the body of a POST. */
function argumentsOf({ method, args }: Route): Part {
  const schema = jsonOf(args) as JsonSchema & Part;
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return {};
  const required = (schema['required'] ?? []) as readonly string[];
  if (method === 'POST') return { requestBody: body(schema, required.length > 0) };
  return { parameters: properties.map(([name, one]) => ({ name, in: 'query', required: required.includes(name), schema: one })) };
}

function body(schema: Part, required: boolean): Part {
  return { required, content: { 'application/json': { schema } } };
}

/** Returns the paths that are no operations. */
function own(): (readonly [string, Part])[] {
  const anything = { type: 'object' };
  const parameter = (name: string, schema: Part, where = 'query'): Part => ({ name, in: where, required: false, schema });
  const reading = (operationId: string, summary: string, more: Part): Part => ({
    get: { operationId, summary, tags: ['api'], security: readerSecurity, ...more },
  });
  const kinds = {
    type: 'array',
    items: { type: 'string' },
    description: 'the kinds of events; all by default; counters adds snapshots of them',
  };
  const after = { type: 'string', description: 'the id of the last event that this reader got' };
  return [
    [
      apiRoot,
      reading('api.show', 'list the operations with their arguments', { responses: { ...answer(anything), default: problemAnswer } }),
    ],
    [openApiPath, reading('api.describe', 'describe the API', { responses: { ...answer(anything), default: problemAnswer } })],
    [
      eventsPath,
      reading('api.events', 'tell the events of the service as they occur', {
        parameters: [parameter('kind', kinds), parameter('after', after), parameter('Last-Event-ID', after, 'header')],
        responses: { ...answer({ $ref: '#/components/schemas/Event' }, 'text/event-stream'), default: problemAnswer },
      }),
    ],
    [
      metricsPath,
      reading('api.metrics', 'show all metrics as the text that Prometheus reads', {
        responses: { ...answer({ type: 'string' }, 'text/plain'), default: problemAnswer },
      }),
    ],
    [
      ticketsPath,
      {
        post: {
          operationId: 'api.ticket',
          summary: 'make a ticket, by which one GET of a path is let in without the token',
          tags: ['api'],
          requestBody: body(jsonOf(ticketWish), true),
          responses: { ...answer(jsonOf(ticketView)), default: problemAnswer },
        },
      },
    ],
  ];
}

function subjectOf({ operation }: Route): string {
  return operation.name.split('.')[0] ?? operation.name;
}

/** Returns a schema in JSON. Values may gain fields in later versions, so it does not forbid others. */
function jsonOf(schema: z.ZodType): Part {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return $schema === undefined ? json : json;
}
