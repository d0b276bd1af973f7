import { getPicture, toMermaid } from 'engram/visualizations';
import { describe, expect, it } from 'vitest';
import { drawnFlows } from './drawn-flows.js';
import { kindOf, parseFlowchart } from './mermaid-parser.js';

describe.each(drawnFlows)('the Mermaid text of the flow %s', (_name, load) => {
  it("is read by Mermaid's own parser as the picture that it was made of", async () => {
    const options = await load();
    const { nodes, arrows } = getPicture(options.cns, options);
    const parsed = await parseFlowchart(toMermaid(options.cns, options));
    const labelOf = (node: (typeof nodes)[number]) =>
      node.kind === 'neuron' ? [node.name, ...node.notes].join('<br>') : node.label;
    expect(parsed.nodes).toEqual(Object.fromEntries(nodes.map((node) => [node.id, labelOf(node)])));
    expect(parsed.arrows).toEqual(
      arrows.map(({ from, to, collateral, labelled }) => [from, labelled ? collateral : '', to]),
    );
  });

  it("is read by Mermaid's own parser as a statechart", async () => {
    const { cns } = await load();
    expect(await kindOf(toMermaid(cns, { view: 'statechart' }))).toBe('stateDiagram');
  });
});

it('what is no Mermaid is refused by the parser', async () => {
  await expect(parseFlowchart('flowchart LR\n  a[["x"]] -->\n')).rejects.toThrow('Parse error');
});
