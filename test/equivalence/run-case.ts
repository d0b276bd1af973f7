/** One case of the differential property: a random graph and program, run by all sides at once, compared after each step. */
import { setImmediate as turn } from 'node:timers/promises';
import type { PersistedRun } from '../../machines/snapshot.js';
import type { RunContext } from '../../src/propagation/context.js';
import type { RunEvent } from '../../src/propagation/events.js';
import { type ActionPlan, type CasePlan, neuronName, pick, type StepPlan } from './arbitrary-graph.js';
import { inputOf, NOW } from './entry.js';
import { graphOf, oracleGraphOf } from './handlers.js';
import type { Library } from './library.js';
import type { OracleGraph } from './oracle-graph.js';
import { OracleSide } from './oracle-side.js';
import { assertSame, Divergence } from './same.js';
import { ActorSide, LateSide, type Shown, type Side } from './sides.js';

/** How often each kind of thing has happened. */
export type Statistics = Record<string, number>;

/** A snapshot that is read later than it was taken, and what it must say then. */
interface Kept {
  readonly what: string;
  readonly shown: Shown;
  readonly expected: RunContext;
  steps: number;
}

/** Steps that are still made when the run has ended. */
const AFTER_END = 2;

export async function runCase(library: Library, plan: CasePlan, statistics: Statistics = {}): Promise<void> {
  await new Case(library, plan, statistics).run();
}

class Case {
  readonly #library: Library;
  readonly #plan: CasePlan;
  readonly #statistics: Statistics;
  readonly #statechart: ActorSide;
  readonly #turn: ActorSide;
  readonly #event: ActorSide;
  readonly #late: LateSide;
  readonly #oracle: OracleSide;
  readonly #sides: readonly Side[];
  /** The collaterals that some neuron emits or listens to. */
  readonly #channels: readonly string[];
  readonly #graph: OracleGraph;
  #kept: Kept[] = [];
  #traced = 0;

  constructor(library: Library, plan: CasePlan, statistics: Statistics) {
    this.#library = library;
    this.#plan = plan;
    this.#statistics = statistics;
    const graph = graphOf(library, plan.graph);
    this.#statechart = new ActorSide('statechart', library, graph, (flow) => library.createStatechart(flow));
    this.#turn = new ActorSide('logic per turn', library, graph, (flow) => library.createLogic(flow, { hops: 'turn' }));
    this.#event = new ActorSide('logic per event', library, graph, (flow) =>
      library.createLogic(flow, { hops: 'event' }),
    );
    this.#late = new LateSide(library, graph, plan.late);
    this.#channels = [...graph.channels.keys()];
    this.#graph = oracleGraphOf(plan.graph, graph);
    this.#oracle = new OracleSide(plan.graph, this.#graph);
    this.#sides = [this.#statechart, this.#turn, this.#event, this.#late];
  }

  async run(): Promise<void> {
    const { steps, late } = this.#plan;
    const input = inputOf(this.#plan.entry, this.#graph);
    for (const side of this.#sides) side.start(input);
    this.#oracle.start(input);
    await this.#endStep({ actions: [], look: steps[0]?.look === true, age: steps[0]?.age ?? 1 }, false);
    let afterEnd = 0;
    for (const [at, step] of steps.entries()) {
      if (this.#oracle.context.status !== 'running' && ++afterEnd > AFTER_END) break;
      if (late.in === 'step' && late.at === at) {
        this.#late.look();
        this.#count('late actors made between steps');
      }
      // what is brought back is another run: its actor is made, if at all, in the middle of this step
      const hadActor = this.#late.hasActor && step.actions[0]?.kind !== 'rehydrate';
      const parked = this.#oracle.parked;
      if (step.actions[0]?.kind === 'rehydrate') this.#rehydrate(step.actions[0]);
      else for (const action of step.actions) this.#act(action, parked);
      await this.#endStep(step, hadActor);
    }
    this.#finish();
  }

  #act({ kind, a, b }: ActionPlan, parked: readonly string[]): void {
    const { context } = this.#oracle;
    if (kind === 'release') return this.#release(pick(parked, a));
    if (kind === 'checkpoint') {
      const barrier = pick(context.barriers, a);
      if (barrier === undefined) return this.#release(pick(parked, b));
      return this.#send('checkpoints', { type: `${barrier.neuron}:checkpointed`, activation: barrier.activation });
    }
    if (kind === 'signal') return this.#send('signals', { type: this.#collateral(a), payload: { d: b % 8, k: b % 4 } });
    if (kind === 'deliver') {
      const deliveryId = `delivery-${b % 3}`;
      this.#count(context.deliveries.includes(deliveryId) ? 'repeated deliveries' : 'deliveries');
      return this.#send('signals', { type: this.#collateral(a), payload: { d: b % 8, k: 1 }, deliveryId });
    }
    if (kind === 'abort') {
      const reason = b % 3 === 0 ? { reason: `reason ${b}` } : {};
      const compensate = b % 2 === 0 ? {} : { compensate: a % 4 > 0 };
      return this.#send('aborts', { type: 'engram.abort', ...reason, ...compensate });
    }
    if (kind === 'pass') return this.#pass(10 * (1 + (b % 3)));
    if (kind === 'meet') return this.#meet(a, b);
    if (kind === 'park' || kind === 'unpark') return this.#hold(kind, a);
    if (kind === 'outcome') return this.#decideElsewhere(a, b);
    this.#send('stale events', this.#stale(a, b));
  }

  /** Time goes on for all sides. */
  #pass(ms: number): void {
    const { settled, next } = this.#oracle.context;
    for (const side of this.#sides) side.pass(ms);
    this.#oracle.pass(ms);
    const { context } = this.#oracle;
    this.#count(context.settled === settled && context.next === next ? 'times passed' : 'times that were due');
  }

  /** A signal that some neuron may wait for. */
  #meet(a: number, b: number): void {
    const { frontier, early } = this.#oracle.context;
    const waits = frontier.flatMap(({ state, expects }) =>
      state === 'waiting' && expects !== undefined ? [expects] : [],
    );
    const type =
      pick(waits, a) ??
      pick(
        this.#graph.neurons.flatMap(({ expects }) => expects),
        a,
      );
    if (type === undefined) return;
    const delivery = b % 2 === 0 ? {} : { deliveryId: `meeting-${b % 7}` };
    this.#send(waits.length > 0 ? 'met expectations' : 'signals nobody waited for', {
      type,
      payload: { d: b % 8, k: b % 4 },
      ...delivery,
    });
    const kept = this.#oracle.context.early?.length ?? 0;
    if (kept > (early?.length ?? 0)) this.#count('early signals');
  }

  /** A listener holds what has not started, or lets it go. */
  #hold(kind: 'park' | 'unpark', a: number): void {
    const states = kind === 'park' ? ['queued', 'granted'] : ['parked'];
    const found = pick(
      this.#oracle.context.frontier.filter(({ state }) => states.includes(state)),
      a,
    );
    if (found !== undefined) this.#send(`${kind}ed`, { type: `engram.${kind}ed`, activation: found.activation });
  }

  #collateral(chosen: number): string {
    return pick(this.#channels, chosen) as string;
  }

  #send(counted: string, event: RunEvent): void {
    if (this.#oracle.context.status === 'running') this.#count(counted);
    else this.#count('events after the end');
    // every side is given an event of its own
    for (const side of this.#sides) side.send({ ...event });
    this.#oracle.send(event);
  }

  #release(id: string | undefined): void {
    if (id === undefined) return;
    const isOpen = this.#oracle.context.frontier.some(({ activation }) => id.endsWith(activation));
    this.#count(isOpen ? 'answers' : 'late answers');
    for (const { name, environment } of this.#sides) {
      const release = environment.parked.get(id);
      if (release === undefined && this.#oracle.parked.includes(id)) {
        throw new Divergence('parked handlers', `${name} has none of ${id}`);
      }
      environment.parked.delete(id);
      release?.();
    }
    this.#oracle.release(id);
  }

  /** The outcome of an activation comes in from elsewhere, while its handler has not answered. */
  #decideElsewhere(a: number, b: number): void {
    const open = pick(
      this.#oracle.context.frontier.filter(({ state }) => state !== 'held'),
      a,
    );
    if (open === undefined) return;
    const { activation, neuron, attempt = 1 } = open;
    const made = attempt === 1 || b % 7 === 0 ? {} : { attempt };
    if (b % 3 === 0) {
      const retry = b % 2 === 0 ? {} : { retryAt: NOW + 10 * (1 + (b % 5)) };
      const error = new Error('elsewhere');
      this.#send('outcomes from elsewhere', { type: `${neuron}:failed`, activation, error, ...made, ...retry });
      return;
    }
    const signals = [{ collateral: this.#collateral(b), payload: { d: 4, k: b % 4 } }];
    const writes = b % 2 === 0 ? {} : { writes: b % 5 === 0 ? {} : { value: b } };
    this.#send('outcomes from elsewhere', { type: `${neuron}:responded`, activation, signals, ...made, ...writes });
  }

  /** An event that does not fit, or not any more. */
  #stale(a: number, b: number): RunEvent {
    const { frontier, barriers, failed } = this.#oracle.context;
    const { neurons } = this.#plan.graph;
    const any = pick([...frontier, ...barriers, ...failed], b)?.activation ?? 'ffffffffffffffff';
    const neuron = neuronName(b % neurons.length);
    const other = neuronName((b + 1) % neurons.length);
    const barrier = pick(barriers, b);
    const running = pick(frontier, b);
    const held = frontier.find(({ state }) => state === 'held');
    const flying = frontier.find(({ state }) => state === 'running');
    // a slot is for who has asked for it
    const quiet = frontier.find(({ state }) => state !== 'gated');
    const types: RunEvent[] = [
      { type: 'unknown', payload: 1 },
      { type: 'engram.unknown' },
      { type: `${neuron}:unknown`, activation: any },
      { type: `${neuron}:responded`, activation: 'ffffffffffffffff', signals: [] },
      { type: `${running?.neuron === neuron ? other : neuron}:responded`, activation: running?.activation ?? any },
      { type: `${neuron}:checkpointed`, activation: running?.activation ?? any },
      { type: `${barrier?.neuron === neuron ? other : neuron}:checkpointed`, activation: barrier?.activation ?? any },
      { type: `${running?.neuron ?? neuron}:pending`, activation: any },
      { type: `${held?.neuron ?? neuron}:responded`, activation: held?.activation ?? 'none', signals: [] },
      { type: `${held?.neuron ?? neuron}:failed`, activation: failed[0]?.activation ?? 'none', error: 1 },
      { type: 'engram.ended.completed' },
      { type: 'engram.granted', activation: quiet?.activation ?? 'none' },
      { type: 'engram.gated', activation: quiet?.activation ?? 'none' },
      { type: 'engram.parked', activation: flying?.activation ?? 'none' },
      { type: 'engram.unparked', activation: flying?.activation ?? 'none' },
      { type: 'engram.tick', now: 0 },
      { type: `${flying?.neuron ?? neuron}:failed`, activation: flying?.activation ?? any, attempt: 9, error: 1 },
      { type: 'xstate.init', input: { id: 'again', signals: [{ collateral: 'c0', payload: null }] } },
    ];
    return pick(types, a) as RunEvent;
  }

  /** Every side goes on from what another side has persisted: now, or in the middle of the step before. */
  #rehydrate({ a, b }: ActionPlan): void {
    const hops = this.#lastHops;
    const at = a % 3 === 0 && hops.length > 1 ? a % hops.length : null;
    const hop = at === null ? undefined : hops[at];
    const from = hop?.context ?? this.#oracle.context;
    const isRunning = from.status === 'running';
    this.#count(isRunning ? 'rehydrations' : 'rehydrations after the end');
    if (hop !== undefined) this.#count('rehydrations in the middle of a turn');
    this.#kept = this.#kept.filter(({ what }) => what !== 'late');
    // one side's snapshot is for all the others, and another side's is for that one
    const sources = [b % 4, (b + 1 + (a % 3)) % 4].map((source): PersistedRun => {
      if (hop === undefined) return (this.#sides[source] as Side).persisted();
      return source % 2 === 0 ? this.#statechart.persistedOf(hop.statechart) : this.#event.persistedOf(hop.event);
    });
    const [text, other] = sources.map((persisted) => this.#library.encode(persisted, 'persisted')) as [string, string];
    this.#sides.forEach((side, i) => {
      side.rehydrate(this.#library.decode(i === b % 4 ? other : text, 'persisted') as PersistedRun);
    });
    this.#oracle.rehydrate(from);
    if (isRunning) return;
    for (const side of this.#sides) side.seen.length = 0; // a run that had ended is shown once more
  }

  #lastHops: readonly { context: RunContext; statechart: Shown; event: Shown }[] = [];

  async #endStep(step: StepPlan, lateHadActor: boolean): Promise<void> {
    this.#oracle.tick();
    await turn();
    this.#checkBroken();
    this.#checkTraces();
    this.#takeHops(step, lateHadActor);
    this.#readKept();
    this.#checkNow();
    if (step.look) this.#look(step);
    else this.#count('steps not looked at');
  }

  #checkBroken(): void {
    for (const { name, environment } of this.#sides) {
      if (environment.broken !== null)
        throw new Divergence('an actor broke', `${name}: ${String(environment.broken.error)}`);
    }
  }

  /** The same handlers are called in the same order, for the same ids, payloads and values. */
  #checkTraces(): void {
    const expected = this.#oracle.trace.slice(this.#traced);
    for (const { name, environment } of this.#sides) {
      assertSame(`trace of the ${name}`, environment.trace.slice(this.#traced), expected);
    }
    this.#count('handler calls and reads', expected.length);
    this.#traced = this.#oracle.trace.length;
  }

  /** Observers were told once per event or turn; what they were shown is read some steps later. */
  #takeHops(step: StepPlan, lateHadActor: boolean): void {
    const { hops, turns, countedTurns } = this.#oracle;
    const take = (side: Side, expected: readonly RunContext[]): Shown[] => {
      const seen = side.seen.splice(0);
      if (seen.length !== expected.length) {
        throw new Divergence('notifications', `${side.name} told ${seen.length}, expected ${expected.length}`);
      }
      seen.forEach((shown, i) => {
        const share = side === this.#statechart ? 9 : 5; // of those in the middle: its contexts are plain data anyway
        if (i + 2 < seen.length && i % share !== step.age % share) return;
        this.#kept.push({ what: side.name, shown, expected: expected[i] as RunContext, steps: step.age });
      });
      return seen;
    };
    const statechart = take(this.#statechart, hops);
    const event = take(this.#event, hops);
    take(this.#turn, turns);
    // a run may keep answers that come too late from its actor
    const told = this.#late.seen.length;
    const isPartly = told > countedTurns.length && told < turns.length;
    if (!lateHadActor || !this.#late.hasActor || isPartly) this.#late.seen.length = 0;
    else take(this.#late, told === turns.length ? turns : countedTurns);
    this.#lastHops = hops.map((context, i) => ({
      context,
      statechart: statechart[i] as Shown,
      event: event[i] as Shown,
    }));
    hops.length = turns.length = countedTurns.length = 0;
  }

  #readKept(): void {
    const due: Kept[] = [];
    this.#kept = this.#kept.filter((kept) => {
      if (--kept.steps > 0) return true;
      due.push(kept);
      return false;
    });
    this.#readNow(due);
  }

  #readNow(due: readonly Kept[]): void {
    for (const { what, shown, expected } of due) {
      assertSame(`a snapshot of the ${what}, read late`, shown.context, expected, 'loose');
    }
    this.#count('snapshots read late', due.length);
  }

  /** What can be read without disturbing the undo logs. */
  #checkNow(): void {
    const { context } = this.#oracle;
    const { shown } = this.#statechart;
    assertSame('context of the statechart', shown.context, context, 'loose');
    assertSame('value of the statechart', shown.value, this.#oracle.oracle.valueOf(context));
    assertSame('context of the late run', this.#late.context, shown.context);
    if (context.status !== 'running') assertSame('ends of the late run', this.#late.ends, 1);
  }

  #look({ age }: StepPlan): void {
    const { oracle, context } = this.#oracle;
    const expected = this.#statechart.persisted();
    assertSame('persisted logic per turn', this.#turn.persisted(), expected);
    assertSame('persisted logic per event', this.#event.persisted(), expected);
    if (this.#late.hasActor) assertSame('persisted late run', this.#late.persisted(), expected);
    assertSame(
      'thawed and frozen',
      this.#library.freeze(this.#library.thaw(this.#turn.flow, expected.context)),
      expected.context,
    );
    const statechart = this.#statechart.shown;
    const logic = this.#turn.shown;
    assertSame('status', expected.status, context.status === 'running' ? 'active' : 'done');
    assertSame('output', expected.output, context.status === 'running' ? undefined : context.output);
    assertSame('tags', [...logic.tags].sort(), [...statechart.tags].sort());
    const neuron = neuronName(age % this.#plan.graph.neurons.length);
    for (const state of ['idle', 'responding', 'waiting', 'checkpointing', 'nowhere']) {
      const query = { running: { [neuron]: state } };
      assertSame(`matches ${neuron} ${state}`, logic.matches(query), statechart.matches(query));
    }
    for (const query of ['running', 'completed', 'failed', 'aborted']) {
      assertSame(`matches ${query}`, logic.matches(query), statechart.matches(query));
    }
    for (const event of this.#possible(context, age)) {
      const accepted = oracle.accepts(context, event);
      assertSame(`logic.can(${event.type})`, logic.can(event), accepted);
      assertSame(`statechart.can(${event.type})`, statechart.can(event), accepted);
    }
    if (expected.status === 'active' && age % 2 === 0) this.#explore(context, age);
    this.#count('steps looked at');
  }

  /** Asks where an event would lead. That calls no handler, and the actor that was asked has not moved. */
  #explore(context: RunContext, age: number): void {
    const event = pick(this.#possible(context, age), age) as RunEvent;
    const [expected] = this.#library.step(this.#turn.flow, context, event);
    for (const side of [this.#turn, this.#statechart]) {
      const { calls } = side.environment;
      assertSame(`explored ${side.name}`, side.explored(event).context, expected, 'loose');
      assertSame(`${side.name} after it was explored`, side.shown.context, context, 'loose');
      assertSame(`handlers called by exploring the ${side.name}`, side.environment.calls, calls);
    }
    this.#count('explorations');
  }

  #possible({ frontier, barriers, settled }: RunContext, age: number): RunEvent[] {
    const events: RunEvent[] = [
      this.#stale(settled + age, age),
      { type: this.#collateral(age), deliveryId: `delivery-${age % 3}` },
    ];
    const open = pick(frontier, settled);
    const type = pick(['responded', 'failed', 'pending', 'checkpointed'], age) as string;
    if (open !== undefined) events.push({ type: `${open.neuron}:${type}`, activation: open.activation });
    const barrier = pick(barriers, settled);
    if (barrier !== undefined) events.push({ type: `${barrier.neuron}:checkpointed`, activation: barrier.activation });
    if (age === 1) events.push({ type: 'engram.abort' }, { type: 'engram.resume' });
    return events;
  }

  #finish(): void {
    const { context } = this.#oracle;
    this.#count(context.status === 'running' ? 'left running' : `ended ${context.status}`);
    if (context.barriers.length > 0) this.#count('left behind barriers');
    if (context.failed.length > 0) this.#count('with failures');
    this.#readNow(this.#kept);
    this.#look({ actions: [], look: true, age: 1 });
    if (this.#plan.late.in === 'handler' && this.#late.environment.calls > this.#plan.late.at) {
      this.#count('late actors made in a handler');
    }
    this.#count('cases');
    for (const [feature, times] of Object.entries(this.#oracle.features)) this.#count(`event: ${feature}`, times);
  }

  #count(what: string, by = 1): void {
    this.#statistics[what] = (this.#statistics[what] ?? 0) + by;
  }
}
