/** What writing plain JSON costs with the check that nothing is lost, as a ratio to `JSON.stringify` of the same value. */
import { encode } from '../../src/durability/codec.js';
import { type Contender, type Figures, type Line, measure } from './measure.js';

const sentence = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. ';

const values = {
  /** 10 kB, nearly all of it in a few strings. */
  long: { title: 'A report', parts: [sentence.repeat(60), sentence.repeat(50)], notes: sentence.repeat(15) },
  /** 10 kB of short values: 67 lines of seven. */
  dense: {
    id: 'order-1',
    lines: Array.from({ length: 67 }, (_, i) => ({
      id: i,
      sku: `A-${i * 37}`,
      title: `Item ${i} of the collection`,
      quantity: 1 + (i % 7),
      price: Math.round(i * 137.77) / 100,
      inStock: i % 3 === 0,
      addedAt: new Date(1_700_000_000_000 + i * 86_400_000).toISOString(),
    })),
  },
  small: { id: 'order-1', total: 12.5, paid: true, customer: 'Ann', at: 1_700_000_000_000 },
};
const TIMES = { long: 400, dense: 150, small: 20_000 };

/** Somebody reads the text: one that is only promised to be put together has not been written. */
const reading = (write: () => string) => (times: number) => {
  let read = 0;
  for (let i = 0; i < times; i++) {
    const text = write();
    read += text.charCodeAt(text.length >> 1);
  }
  if (read === 0) throw new TypeError('nothing was written');
};

const contenders: readonly Contender[] = (['long', 'dense', 'small'] as const).flatMap((name) => {
  const value = values[name];
  const times = TIMES[name];
  return [
    { name: `json ${name}`, run: reading(() => JSON.stringify(value)), times },
    { name: `codec ${name}`, run: reading(() => encode(value, 'value')), times },
  ];
});

const ratio = (figures: Figures, name: string): number => figures.ratio(`codec ${name}`, `json ${name}`);

/**
 * The bound on dense objects is what the check costs: of each object its symbols, and of each property its descriptor,
 * are asked for, since nothing else tells a getter from a value.
 */
export async function codecLines(rounds: number): Promise<Line[]> {
  const figures = await measure(contenders, rounds, 5);
  return [
    { what: 'codec / JSON.stringify: 10 kB of long texts', value: ratio(figures, 'long'), bound: 1.5 },
    { what: 'codec / JSON.stringify: a dense object of 10 kB', value: ratio(figures, 'dense'), bound: 2.1 },
    { what: 'codec / JSON.stringify: a small object', value: ratio(figures, 'small'), bound: Infinity },
  ];
}
