import type { IncomingMessage } from 'node:http';
import { problem, type Problem } from './problem.ts';
import type { JsonSchema, Route } from './routes.ts';

/** The longest body of a request, in octets. */
const longestBody = 65_536;

/** How much of a longer body is read and thrown away, in octets: a client that still sends would not see the answer. */
const mostDiscarded = 4_194_304;

/** Returns the arguments of a route from a request: from the query of a GET, from the JSON body of a POST. */
export async function argumentsOf(route: Route, request: IncomingMessage, query: URLSearchParams): Promise<{ args: unknown } | Problem> {
  const given = route.method === 'GET' ? fromQuery(route.schema, query) : await fromBody(request);
  if ('status' in given) return given;
  const checked = route.args.safeParse(given.args);
  if (checked.success) return { args: checked.data };
  const flaws = checked.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
  return problem(400, `${route.path} does not take these arguments: ${flaws.join('; ')}; GET /v1 shows those that it takes`, 'EINVAL');
}

/** Reads the arguments of a query. Numbers and booleans are text there; the schema decides which texts stand for them. */
function fromQuery({ properties = {} }: JsonSchema, query: URLSearchParams): { readonly args: Record<string, unknown> } {
  const args = [...query].map(([name, text]): [string, unknown] => {
    const property = properties[name];
    const types = [property?.type, ...(property?.anyOf ?? []).map(({ type }) => type)];
    return [name, valueOf(text, types)];
  });
  return { args: Object.fromEntries(args) };
}

function valueOf(text: string, types: readonly (string | undefined)[]): unknown {
  if (types.includes('integer') && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Reads a body of JSON. Without a body there are no arguments. */
export async function fromBody(request: IncomingMessage): Promise<{ readonly args: unknown } | Problem> {
  const body = await bodyOf(request);
  if (typeof body !== 'string') return body;
  if (body === '') return { args: {} };
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return problem(415, 'the body is not JSON; send it with the header Content-Type: application/json');
  try {
    return { args: JSON.parse(body) as unknown };
  } catch {
    return problem(400, 'the body is not valid JSON; send one object with the arguments');
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | Problem> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size <= longestBody) pieces.push(piece);
      else if (size > mostDiscarded) break;
    }
  } catch {
    return problem(400, 'the connection ended before the body was whole; send it again');
  }
  if (size > longestBody) return problem(413, `the body is longer than ${longestBody} octets; send a shorter one`);
  return Buffer.concat(pieces).toString('utf8');
}
