import { z } from 'zod';
import { eventsPath, metricsPath, pathOf } from './paths.ts';
import { operationTable, type OperationEntry } from '../management/schemas/operation-table.ts';

/** An operation of the API. Operations that read are asked for by GET, all others by POST. */
export interface Route extends OperationEntry {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The schema of the arguments, which refuses names that it does not have. */
  readonly args: z.ZodType;
  /** The same as JSON schema. */
  readonly schema: JsonSchema;
}

/** The parts of a JSON schema that are read here. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly anyOf?: readonly { readonly type?: string }[] }>>;
}

/** All operations by their paths: `port.list` has the path `/v1/port/list`. */
export const routes: ReadonlyMap<string, Route> = new Map(operationTable.map(routeOf).map((route) => [route.path, route]));

/** Returns the description of the API that `GET /v1` answers with. */
export function description(): unknown {
  const operations = [...routes.values()].map(({ method, path, operation, schema }) => ({
    method,
    path,
    summary: operation.summary,
    effect: operation.effect,
    arguments: schema,
  }));
  return {
    operations,
    events: { method: 'GET', path: eventsPath, summary: 'tell the events of the service as they occur' },
    metrics: { method: 'GET', path: metricsPath, summary: 'show all metrics as the text that Prometheus reads' },
  };
}

function routeOf({ operation, args, value }: OperationEntry): Route {
  const strict = args instanceof z.ZodObject ? args.strict() : args;
  return {
    operation,
    method: operation.effect === 'reads' ? 'GET' : 'POST',
    path: pathOf(operation.name),
    args: strict,
    value,
    schema: z.toJSONSchema(strict) as JsonSchema,
  };
}
