/** The order flow in a simulated world: what is ordered there, and what its ledger must say whatever goes wrong. */
import { simulate, type EndOfSchedule, type SimulateOptions, type Simulation } from 'engram/testing';
import { approved, createCns, placeOrder, shipped } from '../../../machines/flows/order.js';
import { LedgerInMemory, type LedgerLine } from '../../../machines/flows/order/ledger.js';
import type { OrderRequest } from '../../../machines/flows/order/request.js';

type Options = SimulateOptions<LedgerInMemory>;

const order = (more: Partial<OrderRequest> = {}) =>
  placeOrder.createSignal({ order: 'A-1', amount: 250, ledger: 'shop', ...more });
const approval = { signal: approved.createSignal({ by: 'Ann' }), after: '1m', deliveryId: 'mail-1' } as const;

interface Scenario extends Pick<Options, 'signals' | 'faults'> {
  /** How many of a hundred schedules it has. */
  readonly share: number;
}

/** Orders that nobody is asked about. */
export const PROMPT: Readonly<Record<string, Scenario>> = {
  'up to the limit': { share: 20, signals: [order()] },
  'that nobody carries': { share: 15, signals: [order({ strike: true })] },
  'whose card is declined twice': { share: 15, signals: [order({ declines: 2 })] },
  'whose card is declined for good': { share: 10, signals: [order({ declines: 4 })] },
};

/** Orders that wait for a person. */
export const PATIENT: Readonly<Record<string, Scenario>> = {
  'that has to be approved': { share: 15, signals: [order({ amount: 2500 }), approval] },
  'that nobody approves': { share: 15, signals: [order({ amount: 2500, within: '2h' })] },
  'that is aborted': { share: 10, signals: [order({ amount: 2500 }), approval], faults: { aborts: true } },
};

const linesOf = (lines: readonly LedgerLine[], did: LedgerLine['did']) => lines.filter((line) => line.did === did);

/** What was done and is not undone. */
function standing(lines: readonly LedgerLine[]): string {
  const undone = new Set(lines.map(({ undoes }) => undoes));
  const stand = lines.filter(({ key, undoes }) => undoes === undefined && !undone.has(key));
  return stand.map(({ did }) => did).join(', ');
}

export const invariants: NonNullable<Options['invariants']> = {
  'each thing is done once': ({ global: { lines } }) => {
    const keys = new Set(lines.map(({ key }) => key));
    return keys.size === lines.length ? undefined : `${lines.length} lines have ${keys.size} keys`;
  },
  'charged once': ({ global: { lines } }) => {
    const charges = linesOf(lines, 'charged').length;
    return charges <= 1 ? undefined : `charged ${charges} times`;
  },
  'what stands in the ledger is what the status says': ({ status, global: { lines } }) => {
    const stands = standing(lines);
    const expected: Partial<Record<EndOfSchedule['status'], string>> = {
      completed: 'reserved, charged, shipped',
      failed: '',
      waiting: 'reserved',
    };
    const wanted = expected[status];
    return wanted === undefined || stands === wanted ? undefined : `${status}, and "${stands}" stands in the ledger`;
  },
  'nothing is undone that was not done': ({ global: { lines } }) => {
    const stray = lines.find(({ undoes }) => undoes !== undefined && !lines.some(({ key }) => key === undoes));
    return stray === undefined ? undefined : `${stray.did} undoes what is not there`;
  },
};

const cns = createCns();

export async function simulateOrder({ signals, faults }: Scenario, more: Partial<Options> = {}): Promise<Simulation> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // an order that fails stores its error, and to map one stack takes longer than a schedule
  try {
    return await simulate<LedgerInMemory>(cns, {
      signals,
      ...(faults === undefined ? {} : { faults }),
      output: shipped,
      global: () => new LedgerInMemory(),
      invariants,
      ...more,
    });
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** How many schedules of the order flow there are in all: 100,000 where nobody waits for the result. */
const SCHEDULES = Number(process.env['ENGRAM_SCHEDULES'] ?? (process.env['CI'] === undefined ? 5000 : 100_000));

export const schedulesOf = ({ share }: Scenario): number => Math.ceil((SCHEDULES * share) / 100);
