// Rule: a process that writes to a file store until it is killed, telling of each save that was acknowledged.
import { writeForEver } from '../../../adapters/conformance.js';
import { fileStore } from '../../../adapters/file.js';

const [dir = '', fsync] = process.argv.slice(2);
await writeForEver(fileStore({ dir, fsync: fsync === 'true' }), (note) => void process.send?.(note));
