/**
 * Modalities: kinds of input that a run may be started with, each with afferent paths, the ways on which it comes in.
 * Job: what they are. Not its job: choosing a handler by them.
 */
import { InvalidArgumentError } from '../errors/index.js';
import { shown } from './shown.js';

const PATH: unique symbol = Symbol.for('engram.afferentPath');
const MODALITY: unique symbol = Symbol.for('engram.modality');

/** One way on which a modality comes in; what is there for its parent serves it as well. */
export class AfferentPath {
  readonly parent: AfferentPath | undefined;

  constructor(parent: AfferentPath | undefined) {
    this.parent = parent;
  }

  get [PATH](): true {
    return true;
  }
}

/** The afferent paths of a modality, by name. */
export type AfferentPaths = Readonly<Record<string, AfferentPath>>;

/** A kind of input, with the ways on which it comes in. */
export class Modality<P extends AfferentPaths = AfferentPaths> {
  readonly name: string | undefined;
  /** The record that it was made of. */
  readonly afferentPaths: P;

  constructor(name: string | undefined, afferentPaths: P) {
    this.name = name;
    this.afferentPaths = afferentPaths;
  }

  get [MODALITY](): true {
    return true;
  }
}

/**
 * Makes an afferent path; it gets its name from the modality that it is in.
 * @param parent what is there for the parent serves this path as well, where it has nothing of its own
 */
export function afferentPath(parent?: AfferentPath): AfferentPath {
  if (parent !== undefined && !isAfferentPath(parent)) {
    throw new InvalidArgumentError(`afferentPath: the parent is none: ${shown(parent)}`, {
      hint: 'afferentPath(), or afferentPath(another)',
    });
  }
  return new AfferentPath(parent);
}

/**
 * Makes a modality.
 * @param name unique in a graph; needed for durable runs
 * @param paths its afferent paths, by name
 */
export function modality<P extends AfferentPaths>(name: string, paths: P): Modality<P>;
export function modality<P extends AfferentPaths>(paths: P): Modality<P>;
export function modality<P extends AfferentPaths>(nameOrPaths: string | P, paths?: P): Modality<P> {
  const [name, given] = typeof nameOrPaths === 'string' ? [nameOrPaths, paths] : [undefined, nameOrPaths];
  if (typeof given !== 'object' || given === null || Object.values(given).some((path) => !isAfferentPath(path))) {
    throw new InvalidArgumentError(`modality "${name ?? '(unnamed)'}": its paths are no record of afferent paths`, {
      hint: "modality('chat', { web: afferentPath() })",
    });
  }
  return new Modality(name, given);
}

export const isAfferentPath = (value: unknown): value is AfferentPath =>
  typeof value === 'object' && value !== null && PATH in value;

export const isModality = (value: unknown): value is Modality =>
  typeof value === 'object' && value !== null && MODALITY in value;

/** The name of a path in a modality; undefined for one that is not in it. Linear in the paths of the modality. */
export const nameOfPath = (modality: Modality, path: AfferentPath): string | undefined =>
  Object.keys(modality.afferentPaths).find((name) => modality.afferentPaths[name] === path);
