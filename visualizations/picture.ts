/**
 * What a picture of a flow shows, before anything is drawn: plain data that every format is made of, and what
 * `--format json` prints. Not its job: how any of it looks.
 *
 * What runs at once is a bar that one arrow enters and several leave, and a join the other way round, as activity
 * diagrams have had it since UML 1.
 */
import { type AnyCollateral, isCollateral } from '../src/graph/collateral.js';
import type { Channel, Graph, GraphNeuron } from '../src/graph/graph.js';
import { UnknownCollateralError } from '../src/errors/index.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import { notesOn } from './notes.js';

/** A neuron. */
export interface NeuronNode {
  readonly kind: 'neuron';
  readonly id: string;
  readonly name: string;
  /** Whether what it has done is stored before anything goes on. */
  readonly milestone: boolean;
  /** What is to be known of it beside its name, for people, the most important first. */
  readonly notes: readonly string[];
}

/**
 * What is no neuron. `start`: an entry. `outside`: a signal that the flow waits for. `result`: a signal that nobody in
 * the flow listens to. `fork`: what follows runs at once. `join`: goes on when all that lead here have come.
 */
export interface PlaceNode {
  readonly kind: 'start' | 'outside' | 'result' | 'fork' | 'join';
  readonly id: string;
  /** The collateral, or the neuron of a join. */
  readonly name: string;
  readonly label: string;
}

export type PictureNode = NeuronNode | PlaceNode;

/** A collateral from one node to another. */
export interface Arrow {
  /** Ids of nodes. */
  readonly from: string;
  readonly to: string;
  /** Null for what leads from the bar of a join. */
  readonly collateral: string | null;
  /** Whether the name of the collateral stands at this arrow: once, where several arrows are one signal. */
  readonly labelled: boolean;
  /** The neuron that emits it; null for what comes from outside. */
  readonly emitter: string | null;
  /** The neuron that listens; null for what leads to a bar, or out. */
  readonly listener: string | null;
  /** Whether a neuron waits for it. */
  readonly awaited: boolean;
}

export interface Picture {
  readonly name: string;
  readonly version: string;
  readonly nodes: readonly PictureNode[];
  readonly arrows: readonly Arrow[];
}

export interface PictureOptions {
  /**
   * What starts the flow: a collateral, or a record of them, as a flow module exports it. The collaterals that no neuron
   * emits or waits for, when it is left out.
   */
  readonly entry?: AnyCollateral | Readonly<Record<string, AnyCollateral>>;
}

/** @throws UnknownCollateralError for an entry that is none of the flow */
export function getPicture(cns: HasFlow, { entry }: PictureOptions = {}): Picture {
  const { graph } = cns[FLOW];
  const sketch = new Sketch(graph, entry === undefined ? undefined : entriesIn(graph, entry));
  return { name: graph.name, version: graph.version, ...sketch.draw() };
}

function entriesIn(graph: Graph, entry: NonNullable<PictureOptions['entry']>): ReadonlySet<Channel> {
  const entries = isCollateral(entry) ? [entry] : Object.values(entry);
  return new Set(
    entries.map((collateral) => {
      const channel = graph.channelByCollateral.get(collateral);
      if (channel !== undefined) return channel;
      throw new UnknownCollateralError(collateral.name ?? 'entry', [...graph.channels.keys()]);
    }),
  );
}

class Sketch {
  readonly #graph: Graph;
  readonly #entries: ReadonlySet<Channel>;
  readonly #emitters = new Map<Channel, GraphNeuron[]>();
  readonly #ids = new Set<string>();
  readonly #idOf = new Map<object, string>();
  readonly #nodes: PictureNode[] = [];
  readonly #arrows: Arrow[] = [];

  constructor(graph: Graph, entries: ReadonlySet<Channel> | undefined) {
    this.#graph = graph;
    for (const neuron of graph.neurons) {
      for (const channel of neuron.emits) {
        const known = this.#emitters.get(channel);
        if (known === undefined) this.#emitters.set(channel, [neuron]);
        else known.push(neuron);
      }
    }
    this.#entries =
      entries ?? new Set([...graph.channels.values()].filter((one) => !this.#emitters.has(one) && !one.expected));
  }

  draw(): Pick<Picture, 'nodes' | 'arrows'> {
    const channels = [...this.#graph.channels.values()];
    for (const channel of channels)
      if (this.#entries.has(channel)) this.#place('start', channel.name, 'start', channel);
    for (const neuron of this.#graph.neurons) this.#neuron(neuron);
    for (const channel of channels) this.#channel(channel);
    return { nodes: this.#nodes, arrows: this.#arrows };
  }

  #neuron(neuron: GraphNeuron): void {
    const { name, milestone, joins } = neuron;
    const to = this.#idFor(`n_${name}`, neuron);
    this.#nodes.push({ kind: 'neuron', id: to, name, milestone, notes: notesOn(neuron) });
    for (const join of joins) {
      const from = this.#place('join', name, join.sized ? 'all of each' : 'one of each', join);
      this.#arrows.push({ ...NOBODYS, from, to, collateral: null, listener: name });
    }
  }

  #channel(channel: Channel): void {
    const { name: collateral, expected } = channel;
    const sources: Source[] = (this.#emitters.get(channel) ?? []).map((neuron) => {
      return { from: this.#idOf.get(neuron) as string, emitter: neuron.name, awaited: false };
    });
    const start = this.#idOf.get(channel);
    if (start !== undefined) sources.push({ from: start, emitter: null, awaited: false });
    if (expected || sources.length === 0) {
      // what nobody emits, and is no entry, can come from outside alone
      const from = this.#place('outside', collateral, 'from outside', {});
      sources.push({ from, emitter: null, awaited: expected });
    }
    const to = this.#where(collateral, this.#targetsOf(channel));
    for (const source of sources) this.#arrows.push({ ...NOBODYS, ...source, ...to, collateral, labelled: true });
  }

  /** Each once, however many dendrites it has. */
  #targetsOf({ subscribers }: Channel): Target[] {
    const targets = new Map<string, Target>();
    for (const { neuron, arrival } of subscribers) {
      const to = this.#idOf.get(arrival?.join ?? neuron) as string;
      targets.set(to, { to, listener: neuron.name });
    }
    return [...targets.values()];
  }

  /** Where the arrows of a collateral lead: to who hears it, to a bar before several of them, or out. */
  #where(collateral: string, targets: readonly Target[]): Target {
    const [only, second] = targets;
    if (only === undefined) return { to: this.#place('result', collateral, 'result', {}), listener: null };
    if (second === undefined) return only;
    const fork = this.#place('fork', collateral, 'in parallel', {});
    for (const target of targets) this.#arrows.push({ ...NOBODYS, ...target, from: fork, collateral });
    return { to: fork, listener: null };
  }

  #place(kind: PlaceNode['kind'], name: string, label: string, of: object): string {
    const id = this.#idFor(`${kind}_${name}`, of);
    this.#nodes.push({ kind, id, name, label });
    return id;
  }

  /** Letters, digits and underscores, each once. */
  #idFor(text: string, of: object): string {
    const plain = text.replace(/\W/g, (char) => `_${char.charCodeAt(0)}_`);
    let id = plain;
    for (let k = 2; this.#ids.has(id); k++) id = `${plain}_${k}`;
    this.#ids.add(id);
    this.#idOf.set(of, id);
    return id;
  }
}

type Source = Pick<Arrow, 'from' | 'emitter' | 'awaited'>;
type Target = Pick<Arrow, 'to' | 'listener'>;

/** What most arrows are not. */
const NOBODYS = { labelled: false, emitter: null, listener: null, awaited: false } as const;
