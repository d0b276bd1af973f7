/** A flow module as text: it waits for `a`, then for `b`, and beside that as its payload says. */
export const WAITS = `
import { CNS, collateral, expect, neuron } from 'engram';
import { z } from 'zod';

const go = collateral<string>('go');
const a = collateral<number>('a', { schema: z.number() });
const b = collateral('b');
const half = collateral<string>('half');
const never = collateral<string>('never');
const later = collateral('later');
const failing = collateral('failing');
const done = collateral<string>('done');

const first = neuron('first', { half, later, failing })
  .expects(a)
  .dendrite({
    collateral: go,
    response: (kind, axon) => {
      if (kind === 'delay') return axon.later.createSignal(undefined, { delay: '2m' });
      if (kind === 'end') return undefined;
      if (kind === 'retry') return axon.failing.createSignal();
      return [expect(a), axon.half.createSignal('left'), axon.half.createSignal('more')];
    },
  })
  .compensate(() => undefined);
const second = neuron('second', { done })
  .expects(b)
  .dendrite({ collateral: a, response: () => expect(b, { within: '1h' }) })
  .dendrite({ collateral: b, response: (_, axon) => axon.done.createSignal('both') });
const both = neuron('both', { never }).join({ half, never }, () => undefined, { key: (text) => text });
const retried = neuron('retried', {})
  .dendrite({
    collateral: failing,
    response: () => {
      throw new Error('not yet');
    },
  })
  .retry({ attempts: 3, initial: '1h', max: '1h' });
const idle = neuron('idle', {}).dendrite({ collateral: later, response: () => undefined });

export const createCns = (host: object) => new CNS([first, second, both, retried, idle], { name: 'waits', ...host });
export const entry = go;
`;

/** While its run is let go for the first time, another process sends it `a`; it takes a lease long enough for that. */
export const SIGNALLED_AT_RELEASE = `
import { execFileSync } from 'node:child_process';
import { CNS, collateral, expect, neuron } from 'engram';

const go = collateral('go');
const a = collateral('a');
const first = neuron('first', {})
  .expects(a)
  .dendrite({ collateral: go, response: () => expect(a) })
  .dendrite({ collateral: a, response: () => undefined });

let isSent = process.argv.includes('signal');
const posting = (store: any) =>
  new Proxy(store, {
    get(target, key) {
      const value = target[key];
      if (typeof value !== 'function') return value;
      if (key !== 'release') return value.bind(target);
      return (id: string, lease: unknown) => {
        if (!isSent) {
          isSent = true;
          const [node, main = ''] = process.argv;
          console.log(execFileSync(node as string, [main, 'signal', 'posting.ts', id, 'a', '--delivery-id', 'd'], { encoding: 'utf8' }).trim());
        }
        return target.release(id, lease);
      };
    },
  });
export const createCns = ({ store, ...host }: any) => new CNS([first], { name: 'posting', ...host, lease: 600_000, store: posting(store) });
export const entry = go;
`;
