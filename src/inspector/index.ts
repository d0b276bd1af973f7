/** Runs as they go on, in Stately's inspector: the statechart, and the signals from neuron to neuron. */
export {
  type ShownContext,
  type ShownEvent,
  type StatelyInspector,
  statelyInspector,
  type StatelyInspectorOptions,
} from './stately-inspector.js';
