import { describe, expect, it } from 'vitest';
import { cutEnd, cutMiddle, padEnd, padStart, widthOf } from '../../src/cli/text-width.js';
import { agoText, durationText } from '../../src/cli/text.js';
import { glyphsFor } from '../../src/cli/glyphs.js';

describe('widthOf', () => {
  it.each([
    ['', 0],
    ['order', 5],
    ['ä', 1],
    ['a\u0308', 1],
    ['注文', 4],
    ['ｶﾅ', 2],
    ['カナ', 4],
    ['주문', 4],
    ['Ａ', 2],
    ['🎬', 2],
    ['👨‍👩‍👧', 2],
    ['🇮🇹', 2],
    ['❤️', 2],
    ['❤', 1],
    ['✔ ⬢ ├─', 6],
    ['a\u200bb', 2],
  ])('of %j is %d', (text, width) => expect(widthOf(text)).toBe(width));
});

it('cuts between letters, never wider than asked, and keeps the ends of what is cut in the middle', () => {
  expect(cutEnd('注文番号', 5)).toBe('注文…');
  expect(cutEnd('注文番号', 8)).toBe('注文番号');
  expect(cutMiddle('order-2026-11-22-0001', 11)).toBe('order…-0001');
  expect(cutMiddle('注文-2026-番号', 9)).toBe('注文…番号');
  for (const text of ['👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', 'abcdef', '注a文b番c号', 'é'.repeat(9)]) {
    for (let width = 0; width < 12; width++) {
      expect(widthOf(cutEnd(text, width))).toBeLessThanOrEqual(width);
      expect(widthOf(cutMiddle(text, width))).toBeLessThanOrEqual(width);
    }
  }
  expect([padEnd('注', 4), padStart('注', 4)]).toEqual(['注  ', '  注']);
});

it('times are told in the two largest units, and from now', () => {
  expect([12, 1234, 59_000, 61_000, 3_661_000, 200_000_000].map(durationText)).toEqual(
    ['12 ms', '1.2 s', '59.0 s', '1 min 1 s', '1 h 1 min', '2 d 8 h'], //
  );
  const now = 1_000_000_000;
  const times = [0, 30, 180, 7200, 400_000, -7200].map((seconds) => agoText(now - seconds * 1000, now));
  expect(times).toEqual(['now', '30 s ago', '3 min ago', '2 h ago', '4 d ago', 'in 2 h']);
});

it('draws in ASCII where the locale or the terminal has nothing else', () => {
  const branchOf = (env: NodeJS.ProcessEnv) => glyphsFor(env, 'linux').branch;
  expect(branchOf({ LANG: 'C.UTF-8' })).toBe('├─ ');
  expect(branchOf({ LANG: 'it_IT.utf8', TERM: 'xterm' })).toBe('├─ ');
  expect(branchOf({ LANG: 'C.UTF-8', LC_ALL: 'C' })).toBe('|- ');
  expect(branchOf({})).toBe('|- ');
  expect(branchOf({ LANG: 'C.UTF-8', TERM: 'dumb' })).toBe('|- ');
  for (const sign of Object.values(glyphsFor({ LC_ALL: 'C' }, 'linux')).flat()) expect(sign).toMatch(/^[ -~]+$/);
});
