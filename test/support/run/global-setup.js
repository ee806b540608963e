import { openBroker } from './broker.js';

export default async function globalSetup() {
  process.env.TEST_SERVICE_BROKER = await openBroker();
}
