/** Several recorders of one run, in order. */
import type { Recorder } from '../propagation/work.js';

export function joinRecorders(recorders: readonly Recorder[]): Recorder | null {
  if (recorders.length <= 1) return recorders[0] ?? null;
  return {
    onPlaced: (activation) => recorders.forEach((r) => r.onPlaced(activation)),
    onStarted: (activation) => recorders.forEach((r) => r.onStarted(activation)),
    onLeft: (activation) => recorders.forEach((r) => r.onLeft(activation)),
    onJoined: (set, arrivals) => recorders.forEach((r) => r.onJoined?.(set, arrivals)),
    onSignal: (index) => recorders.forEach((r) => r.onSignal?.(index)),
    onSettled: (activation, answer, failure) => recorders.forEach((r) => r.onSettled(activation, answer, failure)),
    onWritten: (neuron) => recorders.forEach((r) => r.onWritten(neuron)),
    onOutput: () => recorders.forEach((r) => r.onOutput()),
    onDelivered: () => recorders.forEach((r) => r.onDelivered()),
    onHop: (neuron) => recorders.forEach((r) => r.onHop?.(neuron)),
    flush: () => recorders.forEach((r) => r.flush()),
  };
}
