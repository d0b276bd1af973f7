// Rule: typed linting everywhere; shipped code (src, machines, adapters) takes time, chance and errors only from its own
// modules, so that every run can be repeated.
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const shipped = ['src/**/*.ts', 'machines/**/*.ts', 'adapters/**/*.ts', 'visualizations/**/*.ts'];
const clock = 'Take time, timers and ids from src/clock.';
const xstate = { name: 'xstate', message: 'Only machines/ and src/stimulation/actor.ts know xstate.' };
const clockImports = [
  { name: 'node:crypto', importNames: ['randomUUID'], message: clock },
  { name: 'node:perf_hooks', importNames: ['performance'], message: clock },
  { name: 'node:timers', importNames: ['setTimeout', 'setInterval'], message: clock },
  { name: 'node:timers/promises', importNames: ['setTimeout', 'setInterval'], message: clock },
];
const houseSyntax = [
  {
    selector: 'ThrowStatement > :matches(NewExpression, CallExpression)[callee.name=/^(Error|TypeError|RangeError)$/]',
    message: 'Throw an EngramError.',
  },
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportSpecifier[exported.name="default"]', message: 'Export by name.' },
];
const clockSyntax = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: clock },
  { selector: 'CallExpression[callee.name="Date"]', message: clock },
];

export default defineConfig(
  globalIgnores(['dist/', '.bench/', 'coverage/', '.engram/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: `${import.meta.dirname}/..` } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
  {
    files: shipped,
    rules: {
      'max-lines': ['error', 400],
      'no-restricted-syntax': ['error', ...houseSyntax, ...clockSyntax],
      'no-restricted-imports': ['error', { paths: [xstate, ...clockImports] }],
      'no-restricted-globals': [
        'error',
        {
          globals: ['setTimeout', 'setInterval'].map((name) => ({ name, message: clock })),
          checkGlobalObject: true,
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: clock },
        { object: 'Math', property: 'random', message: clock },
        { object: 'crypto', property: 'randomUUID', message: clock },
        { object: 'performance', property: 'now', message: clock },
      ],
    },
  },
  {
    files: ['machines/**/*.ts', 'src/stimulation/actor.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: clockImports }] },
  },
  { files: ['machines/flows/**/*.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['src/clock/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...houseSyntax],
      'no-restricted-imports': ['error', { paths: [xstate] }],
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': ['error', 600],
      '@typescript-eslint/await-thenable': 'off', // `await null` is how a test lets microtasks run
      '@typescript-eslint/no-meaningless-void-operator': 'off', // reading a getter is what some tests do
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
