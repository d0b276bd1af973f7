/** Tests that the model writes: simulated time, paths through a flow, and the proof that it survives a crash anywhere. */
export { SimulatedClock, type SimulatedClockOptions } from './clock/simulated-clock.js';
