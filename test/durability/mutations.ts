/** What can happen to a stored record, as data: it shrinks, and a seed repeats it. */
import fc from 'fast-check';
import { digestOf, digestOfText } from '../../src/durability/digest.js';

export interface Stored {
  readonly head: string;
  readonly parts: ReadonlyMap<string, string>;
}

/** Of one text. `at` and `span` are taken modulo what there is. */
export type TextDamage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'cut out' | 'repeat'; readonly at: number; readonly span: number }
  | { readonly kind: 'insert' | 'replace'; readonly at: number; readonly noise: string }
  | { readonly kind: 'value'; readonly at: number; readonly json: string }
  | { readonly kind: 'key twice'; readonly at: number; readonly json: string }
  | { readonly kind: 'key gone'; readonly at: number };

export type Damage =
  | { readonly of: 'head'; readonly text: TextDamage }
  | { readonly of: 'part'; readonly which: number; readonly text: TextDamage }
  | { readonly of: 'swap'; readonly which: number; readonly with: number }
  | { readonly of: 'gone'; readonly which: number }
  | { readonly of: 'new'; readonly name: string; readonly json: string }
  | { readonly of: 'other head' | 'other parts'; readonly which: number };

const DEEP = '['.repeat(50_000) + ']'.repeat(50_000);
const json = fc.oneof(
  fc.json(),
  fc.constantFrom('null', '-1', '0.5', '1e400', '-0', '""', '{}', '[]', '9007199254740993', `"${'x'.repeat(5000)}"`),
  fc.constantFrom(DEEP, DEEP.replaceAll('[', '{"a":').replaceAll(']', '}').replace('{"a":}', '{}')),
  fc.constantFrom(
    '{"v":1,"s":2}',
    '{"s":{"json":{"a":[0]},"meta":{"values":{"a":["map"]}}}}',
    '{"s":null}',
    '"9:AAAA"',
  ),
  fc.constantFrom('{"s":{"json":[0],"meta":{"values":[["custom","ref"]]}}}', '{"v":{"__proto__":{"x":1}}}'),
);
const at = fc.nat();
const noise = fc.string({ unit: 'binary', maxLength: 20 });
const text: fc.Arbitrary<TextDamage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(6) }),
  fc.record({ kind: fc.constant('cut' as const), at }),
  fc.record({ kind: fc.constantFrom('cut out' as const, 'repeat' as const), at, span: fc.nat(200) }),
  fc.record({ kind: fc.constantFrom('insert' as const, 'replace' as const), at, noise }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('value' as const), at, json }) },
  fc.record({ kind: fc.constant('key twice' as const), at, json }),
  fc.record({ kind: fc.constant('key gone' as const), at }),
);
const name = fc.constantFrom(
  'run',
  'context/x',
  'frontier/0',
  'failed/0',
  'early/1',
  'owed/1',
  'hops/a',
  'context/__proto__',
  'options',
  '',
);

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ of: fc.constant('head' as const), text }) },
  { weight: 5, arbitrary: fc.record({ of: fc.constant('part' as const), which: fc.nat(), text }) },
  fc.record({ of: fc.constant('swap' as const), which: fc.nat(), with: fc.nat() }),
  fc.record({ of: fc.constant('gone' as const), which: fc.nat() }),
  fc.record({ of: fc.constant('new' as const), name, json }),
  fc.record({ of: fc.constantFrom('other head' as const, 'other parts' as const), which: fc.nat() }),
);

export function damagedText(given: string, how: TextDamage): string {
  const i = given.length === 0 ? 0 : how.at % given.length;
  switch (how.kind) {
    case 'flip':
      return given.slice(0, i) + String.fromCharCode(given.charCodeAt(i) ^ (1 << how.bit)) + given.slice(i + 1);
    case 'cut':
      return given.slice(0, i);
    case 'cut out':
      return given.slice(0, i) + given.slice(i + how.span + 1);
    case 'repeat':
      return given.slice(0, i + how.span) + given.slice(i);
    case 'insert':
      return given.slice(0, i) + how.noise + given.slice(i);
    case 'replace':
      return how.noise;
    case 'value':
      return withPlace(given, how.at, (holder, key) => {
        holder[key] = MARK;
      }).replace(`"${MARK}"`, () => how.json);
    case 'key gone':
      return withPlace(given, how.at, (holder, key) => {
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else Reflect.deleteProperty(holder, key);
      });
    case 'key twice': {
      const places = [...given.matchAll(/"([^"\\]*)":/g)];
      const place = places[how.at % Math.max(1, places.length)];
      return place === undefined
        ? how.json
        : `${given.slice(0, place.index)}${place[0]}${how.json},${given.slice(place.index)}`;
    }
  }
}

const MARK = 'the place';

type Holder = Record<string, unknown> & unknown[];

/** Changes one value somewhere in a JSON text, its root included; leaves what is no JSON. */
function withPlace(given: string, which: number, change: (holder: Holder, key: string) => void): string {
  let root: { it: unknown };
  try {
    root = { it: JSON.parse(given) };
    JSON.stringify(root);
  } catch {
    return given.slice(1); // no JSON any more, or nested too deep for this
  }
  const places: [Holder, string][] = [];
  const visit = (holder: object): void => {
    for (const [key, value] of Object.entries(holder)) {
      places.push([holder as Holder, key]);
      if (typeof value === 'object' && value !== null) visit(value as object);
    }
  };
  visit(root);
  const [holder, key] = places[which % places.length] as [Holder, string];
  change(holder, key);
  return JSON.stringify(root.it) ?? '';
}

/** @param all the records that parts and heads may be mixed up with */
export function damagedRecord(stored: Stored, how: Damage, all: readonly Stored[]): Stored {
  const { head, parts } = stored;
  const names = [...parts.keys()];
  const nameAt = (which: number): string => names[which % Math.max(1, names.length)] ?? 'run';
  const changed = new Map(parts);
  switch (how.of) {
    case 'head':
      return { head: damagedText(head, how.text), parts };
    case 'part':
      return { head, parts: changed.set(nameAt(how.which), damagedText(parts.get(nameAt(how.which)) ?? '', how.text)) };
    case 'swap': {
      const [a, b] = [nameAt(how.which), nameAt(how.with)];
      return { head, parts: changed.set(a, parts.get(b) ?? '').set(b, parts.get(a) ?? '') };
    }
    case 'gone':
      changed.delete(nameAt(how.which));
      return { head, parts: changed };
    case 'new':
      return { head, parts: changed.set(how.name, how.json) };
    case 'other head':
      return { head: (all[how.which % all.length] as Stored).head, parts };
    case 'other parts':
      return { head, parts: (all[how.which % all.length] as Stored).parts };
  }
}

/**
 * The same with sums that fit, as another program might write it: what is behind the sums is to stand by itself.
 * @returns the record itself where its head is no JSON object
 */
export function resealed({ head, parts }: Stored): Stored {
  try {
    const { checksum: _, ...fields } = { ...(JSON.parse(head) as object), digest: digestOf(parts) } as Record<
      string,
      unknown
    >;
    const body = JSON.stringify(fields).slice(0, -1);
    return { head: `${body},"checksum":"${digestOfText(body)}"}`, parts };
  } catch {
    return { head, parts };
  }
}
