import { createClient, createWorker } from 'engram/worker';
import { approved, createCns, placeOrder } from '../../machines/flows/order.js';

const connection = { url: process.env['REDIS_URL'] ?? 'redis://localhost:6379' };

// on as many machines as you like; it takes runs from now on
const worker = createWorker({ cns: createCns, connection, concurrency: 50 });
worker.on('failed', ({ id, error }) => console.error(id, error));

// anywhere else: who starts runs needs the collaterals and none of the handlers
const client = createClient({ name: 'order', collaterals: [placeOrder, approved], connection });
const order = placeOrder.createSignal({ order: 'A-19', amount: 2500, ledger: 'shop' });
const { id } = await client.stimulate(order, { id: 'order-19', attempts: 3, priority: 1 });
await client.signal(id, approved.createSignal({ by: 'Ann' }), { deliveryId: 'mail-19' });

const { status } = await client.result(id); // or look: await client.status(id)
console.log(status, (await client.status(id))?.pending); // completed 0

await client.close();
await worker.close(); // what it has goes on elsewhere, at once
