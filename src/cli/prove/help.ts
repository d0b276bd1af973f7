/** What `engram prove --help` says beside its options. */
export const PROVE_HELP = `
The handlers really run, once for each place where a process may die, each time in a fresh import of the flow: what they
do outside is really done. Prove a flow where that may happen: in a temporary directory, with test accounts.

The flow module may export more options of checkCrashes (engram/testing):

  export const prove = {
    effects: () => readFileSync('ledger', 'utf8').split('\\n'), // what stands outside when a run has ended
    reset: () => rmSync('ledger', { force: true }), //              makes it as it was, before each run
  };                                                 // also: signal, answers, output, pairs, patience, ...

Exit codes: 0 it survives, 1 it has problems, 2 bad input.`;
