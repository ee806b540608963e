import { createHost } from './host.js';

const app = await createHost('data');
await app.listen(3000, '127.0.0.1');
