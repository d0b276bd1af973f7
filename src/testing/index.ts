/** Tests that the model writes: simulated time, paths through a flow, and the proof that it survives a crash anywhere. */
export { SimulatedClock, type SimulatedClockOptions } from './clock/simulated-clock.js';
export type { RunShape } from '../stimulation/options.js';
export type { AnyCNS } from './process/twin.js';
export { checkCrashes } from './crashes/check-crashes.js';
export type {
  CalmEnd,
  CheckCrashesOptions,
  CheckedFlow,
  CrashProblem,
  CrashProblemKind,
  CrashReport,
  ProcessHost,
} from './crashes/options.js';
export type { Shown } from './crashes/snapshots.js';
export { describeFlow } from './flow-tests/describe-flow.js';
export type { DescribedFlow, DescribeFlowOptions, FlowExpectations, FlowRunner } from './flow-tests/describe-flow.js';
export { followPath } from './flow-tests/follow-path.js';
export type { FollowOptions, PathResult } from './flow-tests/follow-path.js';
export type { PayloadPlace, Payloads } from './flow-tests/payloads.js';
export type { HandlerView, NeuronCall } from './flow-tests/player.js';
export type { NeuronScript, PathScript, ScriptStep, SignalScript, TimeScript } from './flow-tests/script.js';
export { type MockCall, type MockedNeuron, mockNeuron } from './mock-neuron.js';
export { getCoverage } from './paths/coverage.js';
export type { Coverage, Covered, CoverageOf, CoverageThresholds, Missed } from './paths/coverage-data.js';
export type { Finding } from './paths/findings.js';
export type {
  DueItem,
  FlowPath,
  FlowPaths,
  FlowStep,
  NeuronStates,
  NeuronStep,
  PathStatus,
  PathStrategy,
  SignalStep,
  TimeStep,
} from './paths/flow-path.js';
export { type FlowPathOptions, getFlowPaths, type PathEntry } from './paths/get-flow-paths.js';
export type { OutcomesByNeuron } from './paths/outcomes.js';
export { simulate } from './simulation/simulate.js';
export type { FaultOptions, FaultTally } from './simulation/faults.js';
export type { EndOfSchedule, OutsideSignal, SimulateOptions, TracedSchedule } from './simulation/options.js';
export type { Simulation, SimulationFailure, SimulationResult } from './simulation/report.js';
