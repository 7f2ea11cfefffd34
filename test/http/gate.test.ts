import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/http/gate.ts';

const url = new URL('http://api/v1/port/list');

/** Returns the status that a gate without a token answers a request with; undefined if the request is let in. */
function statusFor(headers: IncomingMessage['headers'], names: readonly string[] = []): number | undefined {
  return new Gate({ names }).turns({ headers, method: 'GET' }, url)?.problem.status;
}

const domain = fc.domain().filter((name) => !/(^|\.)localhost$/i.test(name));
const port = fc.integer({ min: 1, max: 65_535 });

describe('the gate', () => {
  it('lets no domain name in but its own', () => {
    fc.assert(
      fc.property(domain, port, (name, number) => {
        for (const host of [name, `${name}:${number}`, `localhost.${name}`, `127.0.0.1.${name}:${number}`, `${name}:${number}:80`]) {
          expect(statusFor({ host }), host).toBe(403);
        }
        expect(statusFor({ host: `${name.toUpperCase()}:${number}` }, [name])).toBeUndefined();
      }),
    );
  });

  it('lets addresses in, which no page can bind its name to', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV6().map((text) => `[${text}]`),
        ),
        port,
        (address, number) => {
          expect(statusFor({ host: `${address}:${number}` }), address).toBeUndefined();
          expect(statusFor({ host: address }), address).toBeUndefined();
        },
      ),
    );
  });

  it('lets a page in only from the very same host and port', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('localhost', '127.0.0.1', '[::1]'),
        port,
        fc.webUrl({ withFragments: false }),
        port,
        (host, own, page, other) => {
          fc.pre(own !== other);
          const at = `${host}:${own}`;
          expect(statusFor({ host: at, origin: `http://${at}` })).toBeUndefined();
          for (const origin of [
            new URL(page).origin,
            `http://${host}:${other}`,
            `http://${host}`,
            `https://${at}`,
            `http://${at}.evil`,
            'null',
            '',
          ]) {
            expect(statusFor({ host: at, origin }), origin).toBe(403);
          }
        },
      ),
    );
  });

  it('takes any text for what it is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (host, origin) => {
        const turned = new Gate().turns({ headers: { host, origin }, method: 'GET' }, url);
        expect(turned === undefined || turned.problem.detail.length < 400).toBe(true);
      }),
    );
  });
});
