/** A payload that a schema accepts, as small as it can be told from the schema; for tests that do not care which. */
import { z, type ZodType } from 'zod';

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

/** Undefined where none can be told, or where it is one. */
export function samplePayload(schema: ZodType | undefined): unknown {
  if (schema === undefined || schema.safeParse(undefined).success) return undefined;
  try {
    const sample = sampleOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
    return schema.safeParse(sample).success ? sample : undefined;
  } catch {
    return undefined; // a schema of another kind
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'someone@example.com',
  uri: 'https://example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
  'date-time': '2030-01-01T00:00:00Z',
  date: '2030-01-01',
  time: '00:00:00',
  ipv4: '192.0.2.1',
};

function sampleOf(schema: JsonSchema): unknown {
  const { type, anyOf, oneOf, properties = {}, required = [] } = schema;
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const first = (anyOf ?? oneOf)?.[0];
  if (first !== undefined) return sampleOf(first);
  switch (type) {
    case 'object':
      return Object.fromEntries(required.map((key) => [key, sampleOf(properties[key] ?? {})]));
    case 'array':
      return (
        schema.prefixItems?.map(sampleOf) ??
        Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}))
      );
    case 'number':
    case 'integer':
      return numberIn(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return FORMATS[schema.format ?? ''] ?? 'text'.padEnd(schema.minLength ?? 0, '.');
  }
}

/** 1 where it may be. */
function numberIn({ minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf = 1 }: JsonSchema): number {
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + multipleOf);
  const most = maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - multipleOf);
  const least1 = least === undefined || least < multipleOf ? multipleOf : Math.ceil(least / multipleOf) * multipleOf;
  return most === undefined || least1 <= most ? least1 : (least ?? most);
}
