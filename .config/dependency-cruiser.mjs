// Rule: no cycles, and imports point one way only, types included:
// errors, clock, collections <- graph <- propagation <- machines <- durability <- stimulation <- worker, testing, inspector <- cli; adapters see only the store.
const ours = '^(src|machines|adapters|test|visualizations)/';
const machines = '^machines/(?!flows/)';

/** Files under `from` import, of ours, only what is under `from` or matches `allowed`. */
const layer = (name, from, ...allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: ours, pathNot: [from, ...allowed] },
});

const [errors, clock, collections, graph, propagation, durability, stimulation, worker, testing, inspector] = [
  'errors',
  'clock',
  'collections',
  'graph',
  'propagation',
  'durability',
  'stimulation',
  'worker',
  'testing',
  'inspector',
].map((folder) => `^src/${folder}/`);

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    layer('errors-alone', errors),
    layer('clock-alone', clock),
    layer('collections-alone', collections),
    layer('graph-layer', graph, errors),
    layer('propagation-layer', propagation, graph, errors, clock),
    layer('machines-layer', machines, propagation, graph, errors, clock),
    layer('durability-layer', durability, graph, propagation, errors, clock, machines),
    layer('stimulation-layer', stimulation, collections, graph, propagation, errors, clock, machines, durability),
    layer(
      'worker-layer',
      worker,
      graph,
      propagation,
      errors,
      clock,
      durability,
      stimulation,
      '^adapters/redis(/|\\.ts$)',
    ),
    layer(
      'testing-layer',
      testing,
      graph,
      propagation,
      errors,
      clock,
      machines,
      durability,
      stimulation,
      '^adapters/memory\\.ts$',
    ),
    layer('inspector-layer', inspector, graph, propagation, errors, clock, machines, stimulation),
    layer('visualizations-layer', '^visualizations/', propagation, graph, errors, machines, durability, stimulation),
    layer('adapters-layer', '^adapters/', '^src/durability/(store|envelope|owner)\\.ts$', errors, clock, collections),
    {
      name: 'src-not-to-adapters',
      comment:
        'Only the CLI chooses an adapter; the runs of a queue are stored in Redis, and those of tests in memory, unless told otherwise.',
      severity: 'error',
      from: { path: '^src/(?!cli/|worker/|testing/)' },
      to: { path: '^adapters/' },
    },
    {
      name: 'not-to-outer',
      comment: 'What is published imports neither the CLI nor what is not published.',
      severity: 'error',
      from: { path: ['^src/(?!cli/)', machines, '^adapters/'] },
      to: { path: ['^src/cli/', '^machines/flows/', '^test/', '^visualizations/'] },
    },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: ['^src/', machines, '^adapters/', '^visualizations/'] },
      // an optional peer is there for the tests as well
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'flows-public-name',
      comment: 'A flow is written as a user would write it: besides its own files it imports the package by its name.',
      severity: 'error',
      from: { path: '^machines/flows/' },
      to: { path: ours, pathNot: '^machines/flows/', dependencyTypesNot: ['aliased'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
