/** A payload to begin with, in a command line that is shown: what a schema asks for, with dots to be filled in. */
import { z, type ZodType } from 'zod';

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** JSON; undefined when nothing has to be given, or nothing is known. */
export function samplePayload(schema: ZodType | undefined): string | undefined {
  if (schema === undefined || schema.safeParse(undefined).success) return undefined;
  try {
    return JSON.stringify(sampleOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema));
  } catch {
    return undefined; // a schema of another kind
  }
}

function sampleOf(schema: JsonSchema): unknown {
  const { type, anyOf, properties = {}, required = [] } = schema;
  if ('const' in schema) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (anyOf?.[0] !== undefined) return sampleOf(anyOf[0]);
  switch (type) {
    case 'object':
      return Object.fromEntries(required.map((key) => [key, sampleOf(properties[key] ?? {})]));
    case 'array':
      return [];
    case 'number':
    case 'integer':
      return 0;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return '…';
  }
}
