import { statelyInspector } from 'engram/inspector';
import { createCns, placeOrder } from '../../machines/flows/order.js';

const inspect = statelyInspector(); // ws://localhost:8080, where the server above listens
const cns = createCns({ inspect });

await cns.stimulate(placeOrder.createSignal({ order: 'A-20', amount: 25, ledger: 'shop' }));
await inspect.close(); // in a program that ends with its runs: what is left is sent
