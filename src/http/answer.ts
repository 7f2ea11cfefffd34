import type { ServerResponse } from 'node:http';
import { metricsType } from './metrics-text.ts';
import type { Problem } from './problem.ts';

/** The answer to a request: a value; the text of metrics; or a problem with the method that the path takes, and whether it takes a token. */
export type Answer =
  { readonly value: unknown } | { readonly metrics: string } | (Problem & { readonly allow?: string; readonly challenge?: boolean });

/** The headers of all answers. They are for this client alone, are the last ones of their connections, and are never markup. */
export const commonHeaders: Readonly<Record<string, string>> = {
  connection: 'close',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Sends an answer. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  if ('status' in answer) {
    const { allow, challenge = false, ...told } = answer;
    const headers = { ...(allow !== undefined && { allow }), ...(challenge && { 'www-authenticate': 'Bearer realm="etherloom"' }) };
    response.writeHead(answer.status, { ...commonHeaders, ...headers, 'content-type': 'application/problem+json' });
    response.end(`${JSON.stringify(told)}\n`);
  } else if ('metrics' in answer) response.writeHead(200, { ...commonHeaders, 'content-type': metricsType }).end(answer.metrics);
  else if (answer.value === undefined) response.writeHead(204, commonHeaders).end();
  else response.writeHead(200, { ...commonHeaders, 'content-type': 'application/json' }).end(`${JSON.stringify(answer.value)}\n`);
}
