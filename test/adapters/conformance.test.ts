import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conformanceCases, storeConformance } from '../../adapters/conformance.js';
import { memoryStore } from '../../adapters/memory.js';
import type { Store } from '../../src/durability/store.js';

type Case = [title: string, body: () => Promise<void>];

describe('the conformance suite', () => {
  it('passes with any runner, and gives each case a fresh store', async () => {
    let stores = 0;
    const cases = collect((clock) => {
      stores += 1;
      return memoryStore({ clock });
    });
    for (const [, body] of cases) await body();
    expect(stores).toBe(conformanceCases.length);
  });

  it('names each case once, by its outcome', () => {
    expect(new Set(conformanceCases).size).toBe(conformanceCases.length);
    expect(conformanceCases.filter((title) => /should|works/.test(title))).toEqual([]);
  });

  it('leaves out a case that is excluded, and says why', () => {
    const title = conformanceCases[3] ?? '';
    const titles = collect(() => memoryStore(), { [title]: 'it cannot' }).map(([name]) => name);
    expect(titles).toContain(`(left out: it cannot) ${title}`);
    expect(titles).not.toContain(title);
  });

  it('fails for an exclusion that matches no case, and for one without a reason', async () => {
    for (const exclusions of [{ 'no such case': 'a reason' }, { [conformanceCases[0] ?? '']: ' ' }]) {
      const last = collect(() => memoryStore(), exclusions).at(-1);
      await expect(Promise.resolve().then(() => last?.[1]())).rejects.toThrow(/exclusions/);
    }
  });

  it.each<[string, Partial<Store>]>([
    ['keeps every checkpoint under one seq', { history: async () => [1] }],
    ['forgets the inbox', { inbox: async () => [] }],
    ['lists nothing', { list: async () => ({ runs: [] }) }],
    ['accepts any save', { save: async () => undefined }],
    ['lets anybody acquire', { acquire: async (_, claim) => ({ owner: claim.owner, fence: 9, until: 0 }) }],
    ['never closes', { close: async () => undefined }],
  ])('fails a store that %s', async (_, broken) => {
    const cases = collect((clock) => spoiled(memoryStore({ clock }), broken));
    const results = await Promise.allSettled(cases.map(([, body]) => body()));
    expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });
});

describe('every store in adapters/', () => {
  const folder = fileURLToPath(new URL('../../adapters', import.meta.url));
  const stores = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /export function \w+Store\(/.test(readFileSync(`${folder}/${name}`, 'utf8')));

  it('is found', () => expect(stores).toEqual(expect.arrayContaining(['file.ts', 'memory.ts'])));

  it.each(stores)('%s runs the suite', (store) => {
    const name = basename(store, '.ts');
    const test = readFileSync(fileURLToPath(new URL(`./${name}.test.ts`, import.meta.url)), 'utf8');
    expect(test).toMatch(new RegExp(`storeConformance\\(\\{[\\s\\S]*${name}Store\\(`));
  });
});

function collect(
  open: (clock: Parameters<Parameters<typeof storeConformance>[0]['fresh']>[0]) => Store,
  exclusions = {},
): Case[] {
  const cases: Case[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => cases.push([title, body]),
  };
  storeConformance({ name: 'a store', runner, fresh: (clock) => ({ store: open(clock) }), exclusions });
  return cases;
}

function spoiled(store: Store, broken: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, key: keyof Store) {
      const member = broken[key] ?? target[key];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
