/** A flow with all that a picture can show, and names that the formats, or JavaScript, would take for their own. */
import { CNS, collateral, expect as await_, neuron } from 'engram';

export const NAMES = ['end', 'a.b', 'graph', 'style', 'x--o', 'subgraph', 'click'];

export const begin = collateral('end');
export const again = collateral('again');

export function oddFlow(): CNS {
  const channels = NAMES.map((name) => (name === 'end' ? begin : collateral(name)));
  const [, dotted, graph, style, dashed, sub, click] = channels;
  const parts = collateral<number>('parts');
  const answer = collateral<string>('answer');
  const none = () => undefined;
  return new CNS(
    [
      neuron('end', { dotted: dotted!, graph: graph! }).dendrite({ collateral: begin, response: none }),
      neuron('graph', { style: style!, again })
        .dendrite({ collateral: [dotted!, again], response: none })
        .milestone()
        .compensate(none)
        .setConcurrency(2),
      neuron('subgraph', { dashed: dashed!, parts })
        .dendrite({ collateral: dotted!, response: none })
        .retry({ attempts: 3 })
        .setMaxDuration('90s'),
      neuron('one_of_each', { sub: sub! }).join({ left: style!, right: dashed! }, none),
      neuron('collects', { click: click! }).join({ all: parts }, none, { size: () => 2 }),
      neuron('asks', {})
        .dendrite({ collateral: [sub!, graph!], response: () => await_(answer) })
        .expects(answer)
        .dendrite({ collateral: answer, response: none }),
    ],
    { name: 'odd "one"', version: '1' },
  );
}
