import type { RunView, ViewFault, ViewFrame } from '../../src/page/page.ts';

/** Returns a view of two hosts at a switch with so many frames, one each ten milliseconds, each of them caused by the one before. */
export function view(like: Partial<ViewFrame> = {}, count = 3, faults: readonly ViewFault[] = []): RunView {
  const frames = Array.from({ length: count }, (_, n): ViewFrame => {
    const way = n % 2 === 0 ? { from: 0, to: 1, source: 'a', target: 's1.1' } : { from: 1, to: 2, source: 's1.2', target: 'b' };
    const text = '02:00:00:00:00:01 > all: ARP, who has 10.0.0.2? 10.0.0.1 asks';
    return { number: 100 + n, time: 10 * n, ...way, octets: 60, text, fate: 'delivered', ...(n > 0 && { cause: 99 + n }), ...like };
  });
  const nodes = [
    { name: 'a', kind: 'host', macs: ['02:00:00:00:00:01'] },
    { name: 's1', kind: 'switch', macs: ['00:ff:00:00:00:01'] },
    { name: 'b', kind: 'host', macs: ['02:00:00:00:00:02'] },
  ] as const;
  return { title: 'a reaches b', facts: [], nodes, frames, faults, notes: [], omissions: [] };
}

/** Returns a fault of those nodes, from frame 100 + `first` on, and to frame 100 + `last`. */
export function fault(name: string, first: number, last: number | undefined, ...nodes: readonly number[]): ViewFault {
  const moment = (n: number): ViewFault['begins'] => ({ time: 10 * n, frame: 100 + n });
  return {
    name,
    text: `crash ${name}`,
    kind: 'crash',
    begins: moment(first),
    ...(last !== undefined && { ends: moment(last) }),
    groups: [nodes],
  };
}
