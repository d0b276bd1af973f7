import { CNS, collateral, neuron, UnknownCollateralError } from 'engram';
import { type Arrow, getPicture, type Picture, type PictureNode } from 'engram/visualizations';
import { describe, expect, it } from 'vitest';
import { again, NAMES, oddFlow } from './odd-flow.js';

const told = ({ kind, name }: PictureNode): string => `${kind} ${name}`;
/** `neuron a - x -> neuron b`, and without a label `neuron a -> neuron b`. */
function arrowsOf({ nodes, arrows }: Picture): string[] {
  const byId = new Map(nodes.map((node) => [node.id, told(node)]));
  return arrows.map(({ from, to, collateral: name, labelled }: Arrow) => {
    return `${byId.get(from)} ${labelled ? `- ${name} ` : ''}-> ${byId.get(to)}`;
  });
}

describe('a picture', () => {
  const go = collateral('go');
  const [done, other] = [collateral('done'), collateral('other')];
  const response = () => undefined;

  it('starts where a signal comes that no neuron emits, and ends where nobody hears one', () => {
    const picture = getPicture(new CNS([neuron('work', { done }).dendrite({ collateral: go, response })]));
    expect(picture.nodes.map(told)).toEqual(['start go', 'neuron work', 'result done']);
    expect(arrowsOf(picture)).toEqual(['neuron work - done -> result done', 'start go - go -> neuron work']);
  });

  it('shows what runs at once as a bar with one arrow in', () => {
    const picture = getPicture(
      new CNS([
        neuron('work', { done }).dendrite({ collateral: go, response }),
        neuron('left', {}).dendrite({ collateral: done, response }),
        // two dendrites of one neuron are one arrow
        neuron('right', {}).dendrite({ collateral: done, response }).dendrite({ collateral: done, response }),
      ]),
    );
    expect(arrowsOf(picture)).toEqual([
      'fork done -> neuron left',
      'fork done -> neuron right',
      'neuron work - done -> fork done',
      'start go - go -> neuron work',
    ]);
  });

  it('shows a loop, and starts where the module says, also within it', () => {
    const cns = new CNS([neuron('work', { go, done, other }).dendrite({ collateral: [go, other], response })]);
    expect(arrowsOf(getPicture(cns)).filter((text) => text.startsWith('start'))).toEqual([]);
    expect(arrowsOf(getPicture(cns, { entry: { go } }))).toEqual([
      'neuron work - go -> neuron work',
      'start go - go -> neuron work',
      'neuron work - done -> result done',
      'neuron work - other -> neuron work',
    ]);
  });

  it('refuses an entry of another flow', () => {
    const cns = new CNS([neuron('work', {}).dendrite({ collateral: go, response })]);
    const refused = () => getPicture(cns, { entry: done });
    expect(refused).toThrow(UnknownCollateralError);
    expect(refused).toThrow('the graph has no collateral "done"');
  });

  it('says of each neuron what there is to know, milestones first', () => {
    const notes = getPicture(oddFlow()).nodes.flatMap((node) =>
      node.kind === 'neuron' ? [[node.name, ...node.notes]] : [],
    );
    expect(notes).toEqual([
      ['end'],
      ['graph', '⬢ milestone: saved when done, safe to die', '2 at a time', 'can be undone'],
      ['subgraph', 'up to 3 attempts', 'at most 90s each'],
      ['one_of_each'],
      ['collects'],
      ['asks', 'waits for answer, safe to die'],
    ]);
  });

  it('shows joins as bars with several arrows in, and waits as arrows from outside', () => {
    const arrows = arrowsOf(getPicture(oddFlow(), { entry: { again } }));
    const [, dotted, graph, style, dashed, sub, click] = NAMES;
    expect(arrows.sort()).toEqual(
      [
        'join one_of_each -> neuron one_of_each',
        'join collects -> neuron collects',
        `neuron end - ${dotted} -> fork ${dotted}`,
        `neuron end - ${graph} -> neuron asks`,
        `fork ${dotted} -> neuron graph`,
        `fork ${dotted} -> neuron subgraph`,
        `neuron graph - ${style} -> join one_of_each`,
        'neuron graph - again -> neuron graph',
        'start again - again -> neuron graph',
        `neuron subgraph - ${dashed} -> join one_of_each`,
        'neuron subgraph - parts -> join collects',
        `neuron one_of_each - ${sub} -> neuron asks`,
        `neuron collects - ${click} -> result ${click}`,
        'outside answer - answer -> neuron asks',
        // no entry, and nobody emits it
        'outside end - end -> neuron end',
      ].sort(),
    );
  });

  it('gives every node an id of its own', () => {
    const cs = ['a.b', 'a_46_b', 'a-b', 'a_45_b'].map((name) => collateral(name));
    const cns = new CNS(cs.map((one, index) => neuron(`n${index}`, {}).dendrite({ collateral: one, response })));
    const ids = getPicture(cns).nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(8);
    expect(ids.filter((id) => !/^\w+$/.test(id))).toEqual([]);
  });
});
