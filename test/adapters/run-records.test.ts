import { describe, expect, it } from 'vitest';
import type { Base, Facts } from '../../adapters/file/line.js';
import { RunRecords } from '../../adapters/file/run-records.js';

const INTACT = { isIntact: true, hasEvents: false, index: undefined };

describe('I5: which records count', () => {
  it('what an older fence writes beyond where it was cut off does not, in whatever order the logs are read', () => {
    const lines = [...saves(1, [0, 0], [1, 2, 3, 4]), ...saves(2, [1, 2], [3, 4])];
    for (const order of permutations(lines)) {
      expect(counting(order)).toEqual(['1.1', '1.2', '2.3', '2.4']);
    }
  });

  it('a take-over that was itself overtaken before it was recorded cuts nothing off', () => {
    const lines = [...saves(1, [0, 0], [1, 2, 3]), note(2, [1, 2]), ...saves(3, [1, 3], [4])];
    for (const order of permutations(lines)) expect(counting(order)).toEqual(['1.1', '1.2', '1.3', '3.4']);
  });

  it('a deletion that was overtaken before it was recorded deletes nothing', () => {
    const lines = [...saves(1, [0, 0], [1, 2]), note(2, [0, 0], { deleted: true }), ...saves(3, [1, 2], [3])];
    for (const order of permutations(lines)) expect(counting(order)).toEqual(['1.1', '1.2', '3.3']);
  });

  it('a deletion leaves nothing, and a new beginning only what comes after it', () => {
    const lines = [...saves(1, [0, 0], [1, 2]), note(2, [0, 0], { deleted: true })];
    for (const order of permutations(lines)) expect(counting(order)).toEqual([]);
    for (const order of permutations([...lines, ...saves(3, [0, 0], [1])])) {
      expect(counting(order)).toEqual(['3.1']);
      expect(records(order).born).toBe(3);
    }
  });

  it('a fence of which no line can be read leaves the ones before it', () => {
    expect(counting([...saves(1, [0, 0], [1, 2]), ...saves(3, [2, 4], [5])])).toEqual(['1.1', '1.2', '3.5']);
  });

  it('pruned checkpoints count and are not offered; those of a new beginning are', () => {
    const lines = [...saves(1, [0, 0], [1, 2, 3]), { run: 'run', seq: 0, fence: 1, floor: 3 }];
    expect(
      records(lines)
        .offered()
        .map((ref) => ref.seq),
    ).toEqual([3]);
    expect(counting(lines)).toHaveLength(3);
    const anew = [...lines, note(2, [0, 0], { deleted: true }), ...saves(3, [0, 0], [1, 2])];
    expect(
      records(anew)
        .offered()
        .map((ref) => ref.seq),
    ).toEqual([1, 2]);
  });

  it('of two lines for one checkpoint the one in the later log counts', () => {
    const run = new RunRecords('run');
    for (const log of ['a-2', 'a-1']) {
      for (const facts of saves(1, [0, 0], [1])) run.add(facts, { log, offset: 0, length: 1, line: 2 }, INTACT);
    }
    expect(run.valid().map((ref) => ref.log)).toEqual(['a-2']);
  });
});

function saves(fence: number, base: Base, seqs: readonly number[]): Facts[] {
  return seqs.map((seq) => ({ run: 'run', seq, fence, base, prev: seq - 1 }));
}

function note(fence: number, base: Base, more: Partial<Facts> = {}): Facts {
  return { run: 'run', seq: 0, fence, base, ...more };
}

/** As if each line stood in a log of its own. */
function records(lines: readonly Facts[]): RunRecords {
  const run = new RunRecords('run');
  lines.forEach((facts, i) => {
    run.add(facts, { log: `log-${i}`, offset: 0, length: 1, line: 2 }, INTACT);
    run.valid();
  });
  return run;
}

function counting(lines: readonly Facts[]): string[] {
  return records(lines)
    .valid()
    .map(({ fence, seq }) => `${fence}.${seq}`);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}
