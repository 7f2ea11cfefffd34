import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiryQueue, type Expiring } from '../../src/dhcp/expiry-queue.ts';

test('items come out in the order of their ends, however they were put, moved and removed', () => {
  const steps = fc.array(fc.tuple(fc.nat(20), fc.oneof(fc.nat(100), fc.constant(Infinity), fc.constant(undefined))), {
    maxLength: 100,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new ExpiryQueue<Expiring>();
      const items = Array.from({ length: 21 }, (): Expiring => ({ expires: 0, place: -1 }));
      const queued = new Set<Expiring>();
      for (const [index, expires] of list) {
        const item = items[index];
        if (item === undefined) continue;
        if (expires === undefined) queue.remove(item);
        else queue.put(Object.assign(item, { expires }));
        queued[expires === undefined || expires === Infinity ? 'delete' : 'add'](item);
      }
      expect(queue.size).toBe(queued.size);
      const order: number[] = [];
      for (let item = queue.first(); item !== undefined; item = queue.first()) {
        order.push(item.expires);
        queue.remove(item);
      }
      expect(order).toEqual(Array.from(queued, ({ expires }) => expires).sort((a, b) => a - b));
    }),
  );
});
