/** A flow in which there is everything: joins, delays, retries, waits, gates, milestones, undoing, a loop. */
import { CNS, type CNSOptions, collateral, neuron } from 'engram';

const nothing = () => undefined;

export const start = collateral<{ readonly items: number }>('start');
const item = collateral<number>('item');
const done = collateral<number>('done');
const audited = collateral('audited');
const approved = collateral<string>('approved');
const refused = collateral<string>('refused');
const again = collateral('again');
const late = collateral('late');
export const ended = collateral<string>('ended');

export function createRich(options: CNSOptions = {}): CNS {
  const split = neuron('split', { item, audited, late }).dendrite({ collateral: start, response: nothing });
  const work = neuron('work', { done })
    .dendrite({ collateral: item, response: nothing })
    .compensate(nothing)
    .retry({ attempts: 2, initial: '1s' })
    .setConcurrency(1)
    .milestone();
  const audit = neuron('audit', { again, ended })
    .dendrite({ collateral: [audited, again], response: nothing })
    .milestone();
  const gather = neuron('gather', { ended })
    .join({ done }, nothing, { key: (of) => of, size: (of) => of })
    .join({ done, audited }, nothing)
    .setMaxDuration('1m');
  const ask = neuron('ask', { late })
    .dendrite({ collateral: late, response: nothing })
    .expects([approved, refused])
    .dendrite({ collateral: [approved, refused], response: nothing });
  return new CNS([split, work, audit, gather, ask], { name: 'rich', ...options });
}

export const outcomes = {
  split: ['item + item + audited + late in 1d', 'audited', 'late in 10m', 'fails', 'aborts'],
  work: { item: ['done', 'retries', 'nothing', 'fails'], undo: ['nothing', 'fails'] },
  gather: { done: ['joins of 2'] },
  ask: {
    late: [
      'waits for approved within 7d, otherwise late',
      'waits for approved + waits for refused within 1d',
      'nothing',
    ],
    approved: ['nothing', 'late'],
    refused: ['nothing', 'fails'],
  },
} as const;
