import type { PortEnvironment } from '../ports/environment.ts';
import { formatQuality } from '../ports/impairment-text.ts';
import type { Quality } from '../ports/impairment.ts';
import { ImpairedPort } from '../ports/impaired-port.ts';
import type { Port } from '../ports/port.ts';
import type { Random } from '../random.ts';

/** A port whose frames fare as the quality says, in and out, and says so in the log. */
export function impaired(
  port: Port,
  quality: Quality,
  { clock, breath, log }: PortEnvironment,
  { random }: { random: Random },
): ImpairedPort {
  const outer = new ImpairedPort(port, { clock, breath, random });
  outer.out.add({ kind: 'quality', quality });
  outer.in.add({ kind: 'quality', quality });
  log(`${port.module} ${port.description} is impaired, each way: ${formatQuality(quality)}`);
  return outer;
}
