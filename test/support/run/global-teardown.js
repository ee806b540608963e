import { closeBroker } from './broker.js';

export default async function globalTeardown() {
  await closeBroker();
}
