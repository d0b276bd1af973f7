/** What must hold at the end of a schedule, when nothing happens any more. */
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Codec } from '../../durability/codec.js';
import { describeError } from '../../errors/index.js';
import { CODEC } from '../../stimulation/seams.js';
import type { CNS } from '../../stimulation/cns.js';
import type { EndOfSchedule, SimulateOptions } from './options.js';
import type { World } from './world.js';

/** The end of a run as texts, to compare it by. */
export interface EndTexts {
  readonly status: string;
  readonly output: string | undefined;
  /** By neuron. */
  readonly context: readonly (readonly [string, string])[];
}

export function endOf({ scene: { journal } }: World): EndTexts {
  const { index, parts, context } = journal.stored;
  return { status: index?.status ?? 'never stored', output: parts.get('output'), context };
}

/** Liveness: the run has ended and that was told, or it waits for what nobody has sent. */
export function checkRest({ scene: { journal }, supervisor: { told } }: World): void {
  const { index, seq, frontier } = journal.stored;
  if (index === undefined) return journal.violate('liveness', 'the run was never stored');
  if (told !== undefined) {
    const status = 'result' in told ? 'completed' : told.error.code === 'STIMULATION_ABORTED' ? 'aborted' : 'failed';
    if (status === index.status) return;
    return journal.violate(
      'I6',
      `the run has told that it has ${status}, and its newest checkpoint says ${index.status}`,
    );
  }
  const waits = index.status === 'waiting' && index.due === null;
  if (waits) return;
  const what = `nothing happens any more, and the run is ${index.status} in checkpoint ${seq}`;
  const pending = [...frontier.values()].map((text) => /"neuron":"([^"]*)"/.exec(text)?.[1] ?? '?').join(', ');
  journal.violate('liveness', pending === '' ? what : `${what}, with work left for ${pending}`);
}

/** A signal that was acknowledged was taken, or waits where it was put. */
export function checkSignalsKept({ scene: { journal }, people }: World, inbox: readonly string[]): void {
  const { parts, hasEnded } = journal.stored;
  const taken = parts.get('deliveries') ?? '';
  for (const deliveryId of people.acknowledged) {
    if (hasEnded || taken.includes(JSON.stringify(deliveryId)) || inbox.includes(deliveryId)) continue;
    journal.violate('I2', `the signal "${deliveryId}" was acknowledged, and the run has never had it`);
  }
}

/** I8: the end is that of the undisturbed schedule. */
export function checkSame(world: World, undisturbed: EndTexts): void {
  const { journal } = world.scene;
  const end = endOf(world);
  if (end.status === 'aborted') return;
  for (const what of ['status', 'output', 'context'] as const) {
    if (JSON.stringify(end[what]) === JSON.stringify(undisturbed[what])) continue;
    const codec = (world.supervisor.hosts[0]?.cns as CNS)[CODEC];
    const [is, was] = [end, undisturbed].map((one) => valueOf(codec, one, what));
    if (isDeepStrictEqual(is, was)) continue;
    const [told, undisturbedTold] = [is, was].map((value) => inspect(value, { depth: 5, breakLength: Infinity }));
    journal.violate('I8', `the ${what} at the end is ${told ?? ''}, and undisturbed it is ${undisturbedTold ?? ''}`);
    return;
  }
}

function valueOf(codec: Codec, { status, output, context }: EndTexts, what: keyof EndTexts): unknown {
  if (what === 'status') return status;
  if (what === 'output') return output === undefined ? undefined : codec.decode(output, what);
  return Object.fromEntries(context.map(([neuron, text]) => [neuron, codec.decode(text, neuron)]));
}

/** Those of the user. */
export function checkOwn(world: World, seed: number, invariants: NonNullable<SimulateOptions['invariants']>): void {
  const { scene, supervisor } = world;
  const { journal } = scene;
  const codec = (supervisor.hosts[0]?.cns as CNS)[CODEC];
  const { status, output, context } = endOf(world);
  const end: EndOfSchedule = {
    status: status as EndOfSchedule['status'],
    get output() {
      return output === undefined ? undefined : codec.decode(output, 'output');
    },
    get context() {
      return Object.fromEntries(context.map(([neuron, text]) => [neuron, codec.decode(text, neuron)]));
    },
    global: scene.global,
    calls: journal.calls,
    seed,
  };
  for (const [name, holds] of Object.entries(invariants)) {
    const problem = problemOf(() => holds(end));
    if (problem !== undefined) journal.violate(name, problem);
  }
}

/** A text, or what an assertion throws. */
function problemOf(holds: () => unknown): string | undefined {
  try {
    const told = holds();
    return typeof told === 'string' ? told : undefined;
  } catch (error) {
    return describeError(error);
  }
}
