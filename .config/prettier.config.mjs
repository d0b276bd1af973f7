// Rule: one layout for every file, decided by the formatter.
export default {
  printWidth: 120,
  singleQuote: true,
  semi: true,
  trailingComma: 'all',
  proseWrap: 'preserve',
};
