// Rule: a process that writes to a Redis store until it is killed, telling of each save that was acknowledged.
import { redisStore } from '../../../adapters/redis.js';
import { writeForEver } from '../../../adapters/conformance.js';

const [url = '', prefix = ''] = process.argv.slice(2);
await writeForEver(redisStore({ url, prefix }), (note) => void process.send?.(note));
