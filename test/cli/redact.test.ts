// Rule: what the CNS of a flow redacts is printed by no command; what is stored holds it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './engram-cli.js';

/** Payloads, context values, an early signal, an output and a failure, each with a secret in it. */
const PAYMENTS = (redact: string): string => `
import { CNS, collateral, expect, neuron, withCtx } from 'engram';

const paid = collateral<any>('paid');
const code = collateral<any>('code');
const told = collateral<any>('told');
const receipt = collateral<any>('receipt');

const bank = withCtx<any>()
  .neuron('bank', { receipt, told })
  .expects(code)
  .milestone()
  .dendrite({
    collateral: paid,
    response: (payment, axon, ctx) => {
      ctx.set(payment);
      if (payment.how === 'fails') throw new Error('the bank refused ' + payment.card);
      if (payment.how === 'waits') return expect(code);
      return axon.receipt.createSignal({ ...payment, cards: [new Map([['card', payment.card]])] });
    },
  })
  .dendrite({ collateral: code, response: () => undefined });
const early = neuron('early', {}).expects(told).dendrite({ collateral: receipt, response: () => undefined });

const redact = ${redact};
export const createCns = (host: object) => new CNS([bank, early], { name: 'payments', redact, ...host });
export const entry = paid;
`;

const SECRET = '4111-1111';
const payment = (how: string): string => JSON.stringify({ how, amount: 12, card: SECRET, of: { pin: 1234 } });

let project: Project;
beforeAll(() => {
  project = new Project({
    'names.ts': PAYMENTS(`['card', 'pin']`),
    'function.ts': PAYMENTS(`(path: string[], value: unknown) =>
      typeof value === 'string' && value.includes('4111') ? value.replace(/4111[\\d-]*/, '<' + path.join('.') + '>')
        : path.at(-1) === 'pin' ? undefined : value`),
    'throws.ts': PAYMENTS(`() => { throw new Error('never shown'); }`),
  });
});
afterAll(() => project.remove());

const stored = (): string =>
  readdirSync(join(project.dir, '.engram'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

describe('redact with names', () => {
  it('hides them at any depth of the output that engram run prints, and the store has them all', () => {
    const args = ['run', 'names.ts', '--output', 'receipt', '--payload', payment('fine')];
    const { stdout, stderr } = project.engram([...args, '--id', 'n1']);
    expect(stdout).toContain("how: 'fine'");
    expect(stdout).toContain('[redacted]');
    expect(stdout + stderr).not.toContain(SECRET);
    const { document } = project.json([...args, '--id', 'n2']);
    expect(document.output).toEqual({
      how: 'fine',
      amount: 12,
      card: '[redacted]',
      of: { pin: '[redacted]' },
      cards: [[['card', '[redacted]']]],
    });
    expect(stored()).toContain(SECRET);
    expect(stored()).not.toContain('[redacted]');
  });

  it('hides them in what engram show prints of the same flow, or where ENGRAM_REDACT names them', () => {
    project.engram(['run', 'names.ts', '--id', 'n3', '--payload', payment('waits')]);
    for (const [more, env] of [
      [['--flow', 'names.ts'], {}],
      [[], { ENGRAM_REDACT: 'card, pin' }],
    ] as const) {
      const { document } = project.json(['show', 'n3', ...more], { env });
      expect(document.status).toBe('waiting');
      expect(document.pending[0].payload).toEqual({
        how: 'waits',
        amount: 12,
        card: '[redacted]',
        of: { pin: '[redacted]' },
      });
      const { stdout } = project.engram(['show', 'n1', ...more], { env });
      expect(stdout).toContain('[redacted]');
      expect(stdout).not.toContain(SECRET);
    }
    expect(project.json(['show', 'n3']).document.pending[0].payload.card).toBe(SECRET);
  });
});

describe('redact with a function', () => {
  it('gives what to show instead, told where the value stands: output, payload, error', () => {
    const args = (how: string, id: string) => ['run', 'function.ts', '--id', id, '--payload', payment(how)];
    const { document } = project.json([...args('fine', 'f1'), '--output', 'receipt']);
    expect(document.output.card).toBe('<output.card>');
    expect(document.output.of).toEqual({});

    const failed = project.engram(args('fails', 'f2'), { env: { ENGRAM_DEBUG: '1' } });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('the bank refused <error.message>');
    expect(failed.stdout + failed.stderr).not.toContain(SECRET);

    const shown = project.json(['show', 'f2', '--flow', 'function.ts']).document;
    expect(shown.failed[0]).toMatchObject({
      payload: { card: '<payload.paid.card>' },
      error: 'the bank refused <error.message>',
    });
    expect(JSON.stringify(shown)).not.toContain(SECRET);
    expect(project.engram(['show', 'f2', '--flow', 'function.ts']).stdout).not.toContain(SECRET);
    expect(stored()).toContain(SECRET);
  });

  it('that throws shows nothing, and the run is the same', () => {
    const args = ['run', 'throws.ts', '--output', 'receipt', '--id', 't1', '--payload', payment('fine')];
    const { code, document } = project.json(args);
    expect(code).toBe(0);
    expect(document).toMatchObject({ status: 'completed', output: '[redacted]' });
  });
});
