import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { digestOf } from '../../src/durability/digest.js';
import { openEnvelope, sealEnvelope, verifyState, type EnvelopeFields } from '../../src/durability/envelope.js';
import { CorruptCheckpointError, InvalidArgumentError, UnsupportedFormatError } from '../../src/errors/index.js';

const WHERE = 'checkpoint 7 of run "r"';
const parts = new Map([
  ['frontier', '{"v":[]}'],
  ['context/a', '{"v":{"n":1}}'],
]);
const fields: EnvelopeFields = {
  id: 'r',
  seq: 7,
  parentSeq: 6,
  fence: 2,
  graph: { name: 'orders', version: '1.4.0', fingerprint: 'abc123' },
  status: 'running',
  milestone: 'pay',
  attempt: 1,
  savedAt: 1_700_000_000_000,
  digest: digestOf(parts),
};

const thrownBy = (text: string): unknown => {
  try {
    openEnvelope(text, WHERE);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a sealed envelope', () => {
  it('opens with every field, as one line', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        fc.record<EnvelopeFields>({
          id: fc.string({ unit: 'binary', minLength: 1 }),
          seq: fc.integer({ min: 1 }),
          parentSeq: fc.option(fc.nat()),
          fence: fc.maxSafeNat().map((n) => Math.max(n, 1)),
          graph: fc.record({ name: text, version: text, fingerprint: text }),
          status: fc.constantFrom('running', 'waiting', 'completed', 'failed', 'aborted'),
          milestone: fc.option(text),
          attempt: fc.integer({ min: 1 }),
          savedAt: fc.maxSafeNat(),
          digest: fc.maxSafeNat().map(String),
        }),
        (given) => {
          const sealed = sealEnvelope(given);
          expect(sealed).not.toMatch(/[\n\r\u2028\u2029]/);
          const { format, version, codec, compression, checksum, ...rest } = openEnvelope(sealed, WHERE);
          expect(isDeepStrictEqual(rest, { ...given, graph: { ...given.graph } })).toBe(true);
          expect({ format, version, codec, compression }).toEqual({
            format: 'engram',
            version: 1,
            codec: 'json+superjson/1',
            compression: 'none',
          });
          expect(checksum).toMatch(/^\d{1,16}$/);
        },
      ),
    );
  });

  it('is the same text whatever the order of the given fields', () => {
    const reversed = Object.fromEntries(Object.entries(fields).reverse()) as EnvelopeFields;
    expect(sealEnvelope(reversed)).toBe(sealEnvelope(fields));
  });

  it.each<[string, object]>([
    ['seq', { seq: 0 }],
    ['seq', { seq: 1.5 }],
    ['parentSeq', { parentSeq: -1 }],
    ['fence', { fence: 0 }],
    ['status', { status: 'done' }],
    ['attempt', { attempt: 0 }],
    ['savedAt', { savedAt: NaN }],
    ['digest', { digest: 'short' }],
    ['id', { id: '' }],
    ['graph.version', { graph: { name: 'g', version: 1, fingerprint: 'f' } }],
    ['extra', { extra: 1 }],
  ])('is not made when %s is wrong', (name, wrong) => {
    const seal = (): string => sealEnvelope({ ...fields, ...wrong });
    expect(seal).toThrow(InvalidArgumentError);
    expect(seal).toThrow(name);
  });

  it('never opens after a mutation, unless it still means the same', () => {
    const sealed = sealEnvelope({ ...fields, id: 'run of Ann, 5 ä' });
    const meaning = openEnvelope(sealed, WHERE);
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat(sealed.length - 1), bit: fc.nat(6) }),
      fc.record({
        kind: fc.constant('cut' as const),
        at: fc.nat(sealed.length - 1),
        length: fc.integer({ min: 1, max: 40 }),
      }),
      fc.record({
        kind: fc.constant('put' as const),
        at: fc.nat(sealed.length),
        text: fc.string({ minLength: 1, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('swap' as const), at: fc.nat(sealed.length - 2) }),
    );
    let refused = 0;
    fc.assert(
      fc.property(mutation, (m) => {
        let text = sealed.slice(0, m.at);
        if (m.kind === 'flip')
          text += String.fromCharCode(sealed.charCodeAt(m.at) ^ (1 << m.bit)) + sealed.slice(m.at + 1);
        if (m.kind === 'cut') text += sealed.slice(m.at + m.length);
        if (m.kind === 'put') text += m.text + sealed.slice(m.at);
        if (m.kind === 'swap') text += sealed.charAt(m.at + 1) + sealed.charAt(m.at) + sealed.slice(m.at + 2);
        const error = thrownBy(text);
        if (error === undefined) expect(openEnvelope(text, WHERE)).toEqual(meaning);
        else {
          refused += 1;
          expect(error).toSatisfy((e) => e instanceof CorruptCheckpointError || e instanceof UnsupportedFormatError);
          expect((error as Error).message).toContain(WHERE);
        }
      }),
      { numRuns: 1000, seed: 20240117 },
    );
    expect(refused).toBeGreaterThan(900);
  });

  it.each(Object.keys(JSON.parse(sealEnvelope(fields)) as object))(
    'does not open with another %s, or without it',
    (name) => {
      const whole = JSON.parse(sealEnvelope(fields)) as Record<string, unknown>;
      const value = whole[name];
      const other =
        typeof value === 'number' ? value - 1 : name === 'graph' ? { name: '', version: '', fingerprint: '' } : null;
      const changed = { ...whole, [name]: name === 'status' ? 'failed' : other };
      const without = { ...whole, [name]: undefined };
      const type = name === 'format' ? UnsupportedFormatError : CorruptCheckpointError;
      expect(thrownBy(JSON.stringify(changed))).toBeInstanceOf(type);
      expect(thrownBy(JSON.stringify(without))).toBeInstanceOf(type);
    },
  );
});

describe('what is no envelope of this version', () => {
  it.each(['', 'null', '7', '[]', '"engram"', '{"format":"engram"', '{"format":"engram","version":1}'])(
    'is damaged: %s',
    (text) => {
      const error = thrownBy(text);
      expect(error).toBeInstanceOf(CorruptCheckpointError);
      expect(error).toMatchObject({ where: WHERE });
    },
  );

  it('is of another format', () => {
    expect(thrownBy('{"format":"other","version":1}')).toBeInstanceOf(UnsupportedFormatError);
    expect(thrownBy('{"hello":1}')).toBeInstanceOf(UnsupportedFormatError);
  });

  it('is newer: both versions are named, though nothing else in it is valid', () => {
    const error = thrownBy('{"format":"engram","version":2,"shape":"unknown"}');
    expect(error).toBeInstanceOf(UnsupportedFormatError);
    expect((error as Error).message).toMatch(/version 2; this version reads .*version 1/);
  });
});

describe('the parts of a checkpoint', () => {
  const envelope = openEnvelope(sealEnvelope(fields), WHERE);

  it('are accepted as they were, in any order', () => {
    expect(() => {
      verifyState(envelope, new Map([...parts].reverse()), WHERE);
    }).not.toThrow();
  });

  it.each<[string, [string, string][]]>([
    ['missing', [['frontier', '{"v":[]}']]],
    ['changed', [...parts.entries(), ['context/a', '{"v":{"n":2}}']]],
    ['too many', [...parts.entries(), ['context/b', '{"v":1}']]],
  ])('are damaged when one is %s', (_name, entries) => {
    expect(() => {
      verifyState(envelope, new Map(entries), WHERE);
    }).toThrow(CorruptCheckpointError);
  });
});
