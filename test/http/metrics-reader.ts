/** A sample as a reader of Prometheus' text finds it. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text. Throws at a line that is not of its form, and at a sample that is not below its own type. */
export function readMetrics(text: string): readonly ReadSample[] {
  const samples: ReadSample[] = [];
  let type = '';
  const typed = new Set<string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, typeName] = /^# TYPE (\w+) (?:counter|gauge)$/.exec(line) ?? [];
    if (typeName !== undefined) {
      if (typed.has(typeName)) throw new Error(`${typeName} comes twice`);
      typed.add((type = typeName));
    } else if (!line.startsWith('# HELP ')) samples.push(sampleIn(line, type));
  }
  return samples;
}

function sampleIn(line: string, type: string): ReadSample {
  const [, name, labels = '', value = ''] = /^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || name !== type) throw new Error(`not a sample of ${type}: ${line}`);
  const found = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [label, unescaped(text)]);
  return { name, labels: Object.fromEntries(found) as Record<string, string>, value: Number(value.replace('Inf', 'Infinity')) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
