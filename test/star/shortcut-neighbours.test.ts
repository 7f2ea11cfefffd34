import { expect, it } from 'vitest';
import { Neighbours } from '../../src/star/shortcut-neighbours.ts';
import { ManualClock } from '../manual-clock.ts';

it('takes the hosts of the IP addresses that members wrote, and of no other text', () => {
  const neighbours = new Neighbours(new ManualClock());
  const addresses = [
    '192.0.2.1:5',
    '2001:db8::1:5',
    '[2001:db8::2]:5',
    '[1:2:3:4:5:6:7:8:9::1]:5',
    '::::1:5',
    'example.org:5',
    '300.1.1.1:5',
    '',
    ':',
  ];
  neighbours.note({ id: 3, key: 'k'.repeat(32), addresses });
  expect([...neighbours.hosts]).toEqual(['192.0.2.1', '2001:db8::1', '2001:db8::2']);
});
