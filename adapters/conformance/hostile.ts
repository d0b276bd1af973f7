/** Names and texts that a careless store mixes up, changes or chokes on. */

/** Each is a run of its own, and so is each as a delivery id or as the name of a part. */
export const HOSTILE_NAMES: readonly string[] = [
  // paths
  ...['../x', '../../etc/passwd', '/', '//', '.', '..', '...', '~', 'a/b', 'a\\b', 'a/b\\c:d*e?f"g<h>i|j'],
  ...['CON', 'nul.txt', 'ends in a dot.', 'ends in a blank ', ' ', '%2e%2e', '%', '-rf'],
  // keys and patterns of servers
  ...[
    '{tag}',
    '{',
    '}',
    '{}',
    '{}{a}',
    ':',
    'a:b',
    'a:b:c',
    '*',
    'a*',
    '?',
    '[a-z]',
    '$(x)',
    '`x`',
    "'",
    '"',
    ';',
    '--',
  ],
  // characters
  ...['line\nbreak', 'line\r\nbreak', 'tab\t', 'nul\0', 'nul\0byte', '\0', '\u2028', '\u2029', '\ufeff', '\u200b'],
  ...['ünïcödé ✓ 😀', '\ud83d', '\ude00', '\ud800', '\ud801', 'é', 'e\u0301', 'ß', 'ss', 'İ', 'ı', '\uffff'],
  // upper and lower case
  ...['Order', 'order', 'ORDER'],
  // what objects have already
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length'],
  // numbers and words
  ...['0', '00', '1', '01', '-1', '1e3', 'NaN', 'null', 'undefined', 'true', '[]', '{"a":1}'],
  // long ones that differ at their ends
  ...['x'.repeat(300), `${'x'.repeat(299)}y`, 'x'.repeat(10_000), `${'x'.repeat(9_999)}y`, '😀'.repeat(2_500)],
];

/** Texts that come back changed from whoever reads them as JSON. All are JSON texts without a raw line break. */
export const DELICATE_TEXTS: readonly string[] = [
  ...['1.0', '-0', '1e400', '12345678901234567890', '0.1000000000000000055', 'null', 'true', '""', '[]', '{}'],
  ...['{"b":1,"a":2}', '{"2":1,"1":2}', '{"a":1,"a":2}', '{"__proto__":{"a":1}}', '{ "spaced" : [ 1 ,2 ] }', '[ ]'],
  ...[
    '"\\u0041\\ud800"',
    '"ä€😀\u2028\u2029\u007f"',
    '"\\/"',
    '"],\\"events\\":["',
    '"\\n\\u0000"',
    '"\\\\"',
    '"%s{0}"',
  ],
  `"${'x'.repeat(100_000)}"`,
];
