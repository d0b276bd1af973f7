/** Tells listeners what came of each activation, where user code may run: between hops, never inside a transition. */
import type { Signal } from '../graph/collateral.js';
import type { Channel } from '../graph/graph.js';
import type { AnswerSignal, CheckedAnswer } from '../propagation/answer.js';
import type { FailedActivation } from '../propagation/context.js';
import type { Activation, Recorder, Work } from '../propagation/work.js';
import type { ResponseInfo } from './options.js';

type Listener = (response: ResponseInfo) => void;

interface Ended {
  readonly activation: Activation;
  readonly answer: CheckedAnswer;
  readonly failure: FailedActivation | null;
  readonly pending: number;
  readonly active: number;
}

export class Responses implements Recorder {
  readonly #run: { readonly work: Work };
  readonly #listeners: readonly Listener[];
  readonly #onError: (error: unknown) => void;
  #ended: Ended[] = [];

  /** @param run has another working set once it has turned out to be stored already */
  constructor(run: { readonly work: Work }, listeners: readonly Listener[], onError: (error: unknown) => void) {
    this.#run = run;
    this.#listeners = listeners;
    this.#onError = onError;
  }

  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void {
    const { pending, active } = this.#run.work;
    this.#ended.push({ activation, answer, failure, pending, active });
  }
  onPlaced(): void {
    // only ends are told
  }
  onStarted(): void {
    // only ends are told
  }
  onLeft(): void {
    // only ends are told
  }
  onWritten(): void {
    // only ends are told
  }
  onOutput(): void {
    // only ends are told
  }
  onDelivered(): void {
    // only ends are told
  }

  flush(): void {
    while (this.#ended.length > 0) for (const ended of this.#ended.splice(0)) this.#tell(ended);
  }

  #tell({ activation, answer, failure, pending, active }: Ended): void {
    const { work } = this.#run;
    const { subscriber, payload } = activation;
    const signals = signalsOf(activation, answer);
    const calls = Math.max(1, signals.length);
    for (let i = 0; i < calls; i++) {
      const waiting = pending + calls - 1 - i;
      const outputSignal = signals[i];
      const response: ResponseInfo = {
        activationId: `${work.id}/${activation.cause}`,
        neuron: subscriber.neuron.name,
        inputSignal: { collateral: subscriber.channel.name, payload },
        ...(outputSignal === undefined ? {} : { outputSignal }),
        ...(failure === null ? {} : { error: failure.error }),
        get contextValue() {
          return work.committedValue(subscriber.neuron.name);
        },
        pendingActivations: waiting,
        activeActivations: active,
        queueLength: waiting + active,
      };
      for (const listener of this.#listeners) {
        try {
          listener(response);
        } catch (error) {
          this.#onError(error);
        }
      }
    }
  }
}

/** With their collaterals, also where the answer came as data and names them. */
function signalsOf({ subscriber }: Activation, answer: CheckedAnswer): Signal[] {
  if (answer === undefined || answer === null) return [];
  const list = (Array.isArray(answer) ? answer : [answer]) as readonly AnswerSignal[];
  return list.map((signal) =>
    typeof signal.collateral !== 'string'
      ? (signal as Signal)
      : {
          collateral: (subscriber.neuron.channelOf(signal.collateral) as Channel).collateral,
          payload: signal.payload,
        },
  );
}

/** Several recorders of one run, in order. */
export function joinRecorders(recorders: readonly Recorder[]): Recorder | null {
  if (recorders.length <= 1) return recorders[0] ?? null;
  return {
    onPlaced: (activation) => recorders.forEach((r) => r.onPlaced(activation)),
    onStarted: (activation) => recorders.forEach((r) => r.onStarted(activation)),
    onLeft: (activation) => recorders.forEach((r) => r.onLeft(activation)),
    onSettled: (activation, answer, failure) => recorders.forEach((r) => r.onSettled(activation, answer, failure)),
    onWritten: (neuron) => recorders.forEach((r) => r.onWritten(neuron)),
    onOutput: () => recorders.forEach((r) => r.onOutput()),
    onDelivered: () => recorders.forEach((r) => r.onDelivered()),
    flush: () => recorders.forEach((r) => r.flush()),
  };
}
