import { STATUS_CODES } from 'node:http';
import type { Refusal } from '../management/operation.ts';
import { statusText } from '../management/status.ts';

/** A failed request, as the client is told. [RFC 9457] */
export interface Problem {
  readonly type: 'about:blank';
  /** The text of the status. */
  readonly title: string;
  /** The status of HTTP. */
  readonly status: number;
  /** The failure, and what to do about it. */
  readonly detail: string;
  /** The status of the operation, as the console has it: `ENXIO`. Undefined if no operation ran. */
  readonly code?: string;
}

/** Returns the problem for a status of HTTP. */
export function problem(status: number, detail: string, code?: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...(code !== undefined && { code }) };
}

/** Returns the problem for an operation that was refused. */
export function problemOf(name: string, { status, why }: Refusal): Problem {
  const { http, remedy } = kinds[status] ?? { http: 500, remedy: 'see the log of the service' };
  const reason = why ?? `${name}: ${statusText(status).toLowerCase()}`;
  return problem(http, reason.includes('; ') ? reason : `${reason}; ${remedy}`, status);
}

interface Kind {
  readonly http: number;
  /** Advice for refusals that have no words of their own. */
  readonly remedy: string;
}

const kinds: Partial<Readonly<Record<Refusal['status'], Kind>>> = {
  EINVAL: { http: 400, remedy: 'GET /v1 shows the arguments that it takes' },
  EPERM: { http: 403, remedy: 'ask the operator of the service' },
  EACCES: { http: 403, remedy: 'ask the operator of the service' },
  ENOENT: { http: 404, remedy: 'list the existing ones, and name one of them' },
  ENXIO: { http: 404, remedy: 'list the existing ones, and name one of them' },
  ENODEV: { http: 404, remedy: 'start the service with this part' },
  EEXIST: { http: 409, remedy: 'remove the present one first, or name another' },
  EADDRINUSE: { http: 409, remedy: 'end its use first' },
  EFBIG: { http: 413, remedy: 'use a smaller file' },
  ENOSYS: { http: 501, remedy: 'use a newer version' },
  ENOSPC: { http: 507, remedy: 'make room' },
};
