import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentMap } from '../src/recent-map.ts';

it('is a map, whatever was asked for before', () => {
  const key = fc.integer({ min: 0, max: 3 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key }),
    fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({ kind: fc.constant('clear' as const), key }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [map, model] = [new RecentMap<number, number>(), new Map<number, number>()];
      for (const one of steps) {
        for (const each of [map, model]) {
          if (one.kind === 'set') each.set(one.key, one.value);
          else if (one.kind === 'delete') each.delete(one.key);
          else if (one.kind === 'clear') each.clear();
        }
        // Asked twice, so that the second answer is the remembered one.
        expect([map.get(one.key), map.get(one.key)]).toEqual([model.get(one.key), model.get(one.key)]);
        expect([...map]).toEqual([...model]);
      }
    }),
  );
});
