import { JSDOM } from 'jsdom';
import { CNS, collateral, neuron } from 'engram';
import { getPicture, toSvg } from 'engram/visualizations';
import { describe, expect, it } from 'vitest';
import { drawnFlows, flowOf } from './drawn-flows.js';

const { DOMParser } = new JSDOM().window;
describe.each(drawnFlows)('the SVG of the flow %s', (_name, load) => {
  it('is XML with a box for every node and a line for every arrow', async () => {
    const options = await load();
    const { nodes, arrows } = getPicture(options.cns, options);
    const svg = new DOMParser().parseFromString(await toSvg(options.cns, options), 'image/svg+xml');
    expect(svg.querySelector('parsererror')).toBeNull();
    expect(svg.querySelectorAll('g.node')).toHaveLength(nodes.length);
    expect(svg.querySelectorAll('g.edge')).toHaveLength(arrows.length);
    const texts = [...svg.querySelectorAll('g.neuron text')].map(({ textContent }) => textContent);
    const names = nodes.flatMap((node) => (node.kind === 'neuron' ? [node.name, ...node.notes] : []));
    expect(texts.sort()).toEqual(names.sort());
  });

  it('writes every line of a neuron in the middle of its box', async () => {
    const { cns } = await load();
    const svg = new DOMParser().parseFromString(await toSvg(cns), 'image/svg+xml');
    expect(svg.querySelectorAll('g.neuron text[text-anchor="start"]')).toHaveLength(0);
    expect(svg.querySelectorAll('g.neuron text[text-anchor="middle"]').length).toBeGreaterThan(0);
  });
});

it('the same flow is drawn the same, and says nothing of the tool that laid it out', async () => {
  const { cns } = await flowOf('order');
  const svg = await toSvg(cns);
  expect(await toSvg(cns)).toBe(svg);
  expect(svg).not.toMatch(/graphviz/i);
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
});

describe('a flow of 1,000 neurons', () => {
  const channels = Array.from({ length: 1001 }, (_one, index) => collateral(`c${index}`));
  const response = () => undefined;
  /** Each neuron listens to some that come before it. */
  const flow = (heard: (index: number) => readonly number[]) =>
    new CNS(
      Array.from({ length: 1000 }, (_one, index) =>
        neuron(`n${index}`, { out: channels[index + 1]! }).dendrite({
          collateral: [...new Set(heard(index))].map((from) => channels[Math.max(0, from)]!),
          response,
        }),
      ),
      { name: 'large' },
    );

  it.each([
    ['in a chain', (index: number) => [index]],
    ['of which all but one start at once', (index: number) => [Math.min(index, 1)]],
    ['in a lattice', (index: number) => [index - 6, index - 12, index - 19]],
  ])('%s is laid out within ten seconds of a processor', async (_how, heard) => {
    const cns = flow(heard);
    const before = process.cpuUsage();
    const svg = await toSvg(cns);
    const { user, system } = process.cpuUsage(before);
    expect(svg.match(/class="node neuron"/g)).toHaveLength(1000);
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});
