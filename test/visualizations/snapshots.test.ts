// Rule: every flow has its pictures in `visualizations/snapshots/`, in all formats, as the library draws them now.
// `vitest --update` draws them anew.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getPicture, toDot, toMermaid, toStately, toSvg } from 'engram/visualizations';
import { describe, expect, it } from 'vitest';
import { flowNames, flowOf } from './drawn-flows.js';

const folder = fileURLToPath(new URL('../../visualizations/snapshots/', import.meta.url));
const FILES = ['mmd', 'dot', 'svg', 'json', 'statechart.mmd', 'statechart.dot', 'statechart.svg', 'stately.js'];

describe.each(flowNames)('%s', (name) => {
  it('is drawn as its snapshots show it', async () => {
    const { cns, entry } = await flowOf(name);
    const is = (text: string, extension: string) => expect(text).toMatchFileSnapshot(`${folder}${name}.${extension}`);
    await is(toMermaid(cns, { entry }), 'mmd');
    await is(toDot(cns, { entry }), 'dot');
    await is(await toSvg(cns, { entry }), 'svg');
    await is(`${JSON.stringify(getPicture(cns, { entry }), undefined, 2)}\n`, 'json');
    await is(toMermaid(cns, { view: 'statechart' }), 'statechart.mmd');
    await is(toDot(cns, { view: 'statechart' }), 'statechart.dot');
    await is(await toSvg(cns, { view: 'statechart' }), 'statechart.svg');
    await is(toStately(cns), 'stately.js');
  });
});

it('no snapshot is left of a flow or a format that is gone', () => {
  expect(readdirSync(folder).sort()).toEqual(flowNames.flatMap((name) => FILES.map((end) => `${name}.${end}`)).sort());
});
