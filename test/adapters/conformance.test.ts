import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conformanceCases, type ConformanceOptions, storeConformance } from 'engram/adapters/conformance';
import { memoryStore } from 'engram/adapters/memory';
import { CAPABILITIES, sharedMemory } from './support/shared-memory.js';
import { spoiledCheckpoints } from './support/spoiled-checkpoints.js';
import { spoiledLeases } from './support/spoiled-leases.js';
import { spoiledLists, spoiledMail } from './support/spoiled-mail-and-lists.js';

const AGREEMENT = 'the store declares what the suite was told of it';
const EXCLUSIONS = 'every exclusion names a case that is run, and gives a reason';

/** The cases as a runner would get them: title to body. */
function casesOf(options: Partial<ConformanceOptions>): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => cases.set(title, body),
  };
  const hooks = ['kill', 'tear'] as const;
  storeConformance({ name: 'a store', runner, fresh: sharedMemory, capabilities: CAPABILITIES, hooks, ...options });
  return cases;
}

const outcomeOf = (body: (() => Promise<void>) | undefined): Promise<string> =>
  Promise.resolve()
    .then(() => body?.())
    .then(
      () => 'passed',
      (error: unknown) => String(error),
    );

describe('the conformance suite', () => {
  it('passes with any runner, and gives each case a fresh store', async () => {
    let stores = 0;
    const cases = casesOf({
      fresh: (clock) => {
        stores += 1;
        return sharedMemory(clock);
      },
    });
    for (const body of cases.values()) await body();
    expect(stores).toBe(conformanceCases.length + 1);
    expect([...cases.keys()]).toEqual([...conformanceCases, AGREEMENT, EXCLUSIONS]);
  });

  it('names each case once, by its outcome', () => {
    expect(new Set(conformanceCases).size).toBe(conformanceCases.length);
    expect(conformanceCases.filter((title) => /should|works/.test(title))).toEqual([]);
  });

  it('leaves out what the store declares that it cannot, and says so', () => {
    const titles = [...casesOf({ capabilities: memoryStore().capabilities, hooks: [] }).keys()];
    expect(
      titles.filter((title) => title.includes('(left out: the store declares that it survives nothing)')),
    ).not.toEqual([]);
    expect([...casesOf({ hooks: [] }).keys()]).toContain(
      '(left out: the test offers no way to tear a write) I3: a save that was torn is as if it had never been, and the run goes on from the one before',
    );
    expect(titles).toHaveLength(conformanceCases.length + 2);
  });

  it('fails a store that can more or less than the suite was told, and a hook that was not named', async () => {
    const told = { capabilities: { ...CAPABILITIES, list: false } };
    expect(await outcomeOf(casesOf(told).get(AGREEMENT))).toMatch(/capabilities.*of the store/s);
    expect(await outcomeOf(casesOf({ hooks: ['kill'] }).get(AGREEMENT))).toMatch(/`hooks` offered/);
    const { again: _, ...closed } = sharedMemory({} as never);
    expect(await outcomeOf(casesOf({ fresh: () => closed }).get(AGREEMENT))).toMatch(/give `again`/);
  });

  it('leaves out a case that is excluded, says why, and fails when the store passes it all the same', async () => {
    const title = conformanceCases[3] ?? '';
    const excluded = `(left out: it cannot) ${title}`;
    const passing = casesOf({ exclusions: { [title]: 'it cannot' } });
    expect(passing.has(title)).toBe(false);
    expect(await outcomeOf(passing.get(excluded))).toMatch(/passes .*take the exclusion out/);
    const fresh: ConformanceOptions['fresh'] = (clock) =>
      sharedMemory(clock, () => ({ create: () => Promise.reject(new Error()) }));
    expect(await outcomeOf(casesOf({ fresh, exclusions: { [title]: 'it cannot' } }).get(excluded))).toBe('passed');
    const unrun = casesOf({ exclusions: { [title]: { reason: 'it cannot', run: false } } });
    expect(await outcomeOf(unrun.get(excluded))).toBe('passed');
  });

  it.each<[string, ConformanceOptions['exclusions'], Partial<ConformanceOptions>, RegExp]>([
    ['matches no case', { 'no such case': 'a reason' }, {}, /match no case/],
    ['has no reason', { [conformanceCases[0] ?? '']: ' ' }, {}, /give no reason/],
    [
      'is of a case that is left out',
      { [conformanceCases.at(-1) ?? '']: 'it cannot' },
      { hooks: [] },
      /left out already/,
    ],
  ])('fails for an exclusion that %s', async (_, exclusions, options, message) => {
    const cases = casesOf({ ...options, ...(exclusions && { exclusions }) });
    expect(await outcomeOf(cases.get(EXCLUSIONS))).toMatch(message);
  });
});

describe('a store that breaks the contract', () => {
  const violations = [...spoiledCheckpoints, ...spoiledLeases, ...spoiledMail, ...spoiledLists];
  const titles = [...conformanceCases, AGREEMENT];
  const titlesOf = (beginnings: readonly string[]): string[] =>
    beginnings.map((beginning) => titles.find((title) => title.startsWith(beginning)) ?? `no case: ${beginning}`);

  it.each(violations)('is caught when it $name', async ({ caught, spoil, torn }) => {
    const cases = casesOf({ fresh: (clock) => sharedMemory(clock, spoil, torn) });
    const missed: string[] = [];
    for (const title of titlesOf(caught)) if ((await outcomeOf(cases.get(title))) === 'passed') missed.push(title);
    expect(missed).toEqual([]);
  });

  it('is caught by every case: none of them passes whatever the store does', () => {
    const catching = new Set(violations.flatMap(({ caught }) => titlesOf(caught)));
    expect(titles.filter((title) => !catching.has(title))).toEqual([]);
    expect([...catching].filter((title) => !titles.includes(title))).toEqual([]);
  });
});

describe('every store in adapters/', () => {
  const folder = fileURLToPath(new URL('../../adapters', import.meta.url));
  const maker = /export function (\w+Store)\(/;
  const sourceOf = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
  const stores = readdirSync(folder).filter((name) => name.endsWith('.ts') && maker.test(sourceOf(name)));

  it('is found', () => expect(stores).toEqual(expect.arrayContaining(['file.ts', 'key-value.ts', 'memory.ts'])));

  it.each(stores)('%s runs the suite', (store) => {
    const test = readFileSync(fileURLToPath(new URL(`./${basename(store, '.ts')}.test.ts`, import.meta.url)), 'utf8');
    const [, made = ''] = maker.exec(sourceOf(store)) ?? [];
    expect(test).toMatch(new RegExp(`storeConformance\\(\\{[\\s\\S]*${made}\\(`));
  });
});
