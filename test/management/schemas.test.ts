import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dhcpSource, groupSource, operationSource, portSource, treeSource } from '../../src/management/event-sources.ts';
import { Refusal, allEffects } from '../../src/management/operation.ts';
import type { DhcpPart, LeaseEvent } from '../../src/management/parts/dhcp.ts';
import type { GroupEvent, GroupPart } from '../../src/management/parts/group.ts';
import { Feed } from '../../src/feed.ts';
import { serviceEvent } from '../../src/management/schemas/events.ts';
import type { SameAs } from '../../src/management/schemas/same.ts';
import { operationTable } from '../../src/management/schemas/operation-table.ts';
import type { Vid } from '../../src/wire/dot1q.ts';
import { ConsoleStage, MemoryFiles } from '../vde-console/console-stage.ts';

/** A switch in which most operations that read have something to show. */
function fullStage(): ConsoleStage {
  const stage = new ConsoleStage({ fstp: true });
  const session = stage.session();
  for (const line of ['port/create 3', 'port/create 4', 'vlan/create 5', 'vlan/addport 5 3', 'mirror/add 3 4', 'port/impair 3 loss 5'])
    expect(session.say(line)).toContain('1000 Success');
  for (const line of ['capture/start 4 /a', 'plugin/add iplog', 'iplog/ipadd 10.0.0.0/8'])
    expect(session.say(line)).toContain('1000 Success');
  stage.plug(3, { description: 'a client', mtu: 1500 });
  return stage;
}

describe('the schemas of values', () => {
  const stage = fullStage();
  const caller = { may: allEffects, files: new MemoryFiles() };

  it.each(operationTable.filter(({ operation }) => operation.effect === 'reads').map((row) => [row.operation.name, row] as const))(
    'describe the value of %s',
    (_, { operation, value }) => {
      const answer = operation.run(stage.managed, { port: 3, frame: '00', mac: '02:00:00:00:00:01' } as never, caller);
      if (answer instanceof Refusal) return;
      // As JSON has it, without undefined fields. A field that the schema does not have is refused.
      const told = JSON.parse(JSON.stringify(answer)) as unknown;
      expect(strictly(value).safeParse(told).error).toBeUndefined();
    },
  );

  it('can be given to others as JSON schema', () => {
    for (const { value } of operationTable) if (value.def.type !== 'undefined') expect(() => z.toJSONSchema(value)).not.toThrow();
  });
});

describe('the comparison of a schema with a type', () => {
  interface View {
    readonly name: string | undefined;
    readonly ports: readonly Vid[];
  }

  it('is made by the compiler', () => {
    const same = <Schema extends z.ZodType>(schema: Schema & SameAs<View, z.output<Schema>>): unknown => schema;
    const [name, ports] = [z.string(), z.array(z.int())];
    same(z.object({ name: name.optional(), ports }));
    // @ts-expect-error a field is missing, though it may be undefined
    same(z.object({ ports }));
    // @ts-expect-error there is another field
    same(z.object({ name: name.optional(), ports, more: name.optional() }));
    // @ts-expect-error the name may be undefined
    same(z.object({ name, ports }));
    // @ts-expect-error the ports are no texts
    same(z.object({ name: name.optional(), ports: z.array(name) }));
  });
});

describe('the schema of events', () => {
  it('describes what the sources tell', () => {
    const stage = new ConsoleStage({ fstp: true });
    const told: unknown[] = [];
    const dhcp = new Feed<LeaseEvent>();
    const group = new Feed<GroupEvent>();
    const partSources = [dhcpSource({ events: dhcp } as unknown as DhcpPart), groupSource({ events: group } as unknown as GroupPart)];
    for (const source of [portSource(stage.managed), treeSource(stage.managed), operationSource(stage.managed), ...partSources])
      source((event) => told.push({ time: '1970-01-01T00:00:00.000Z', ...event }));
    const session = stage.session();
    for (const line of ['port/create 3', 'port/down 3', 'vlan/create 5', 'fstp/setfstp 0']) session.say(line);
    stage.plug(3).close();
    dhcp.emit({ change: 'bound', mac: '02:00:00:00:00:01', address: '10.0.0.2' });
    group.emit({ kind: 'joined', id: 3, name: 'web' });
    expect(new Set(told.map((event) => (event as { kind: string }).kind))).toEqual(
      new Set(['port', 'endpoint', 'tree', 'operation', 'lease', 'member']),
    );
    for (const event of told) expect(strictly(serviceEvent).safeParse(event).error, JSON.stringify(event)).toBeUndefined();
  });

  it('takes no others', () => {
    expect(serviceEvent.safeParse({ kind: 'unheard', time: '' }).success).toBe(false);
  });
});

/** Returns a schema like the given one whose objects refuse fields that they do not have. */
function strictly(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, one]) => [name, strictly(one)] as const);
    return z.strictObject(Object.fromEntries(shape));
  }
  if (schema instanceof z.ZodArray) return z.array(strictly(schema.element as z.ZodType));
  if (schema instanceof z.ZodOptional) return strictly(schema.unwrap() as z.ZodType).optional();
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map((one) => strictly(one as z.ZodType)) as [z.ZodType]);
  return schema;
}
