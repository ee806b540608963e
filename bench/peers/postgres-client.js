import { load } from './installed.js';

/**
 * What is used of `pg`.
 *
 * @typedef {object} Client
 * @property {() => Promise<void>} connect
 * @property {(text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>} query
 * @property {() => Promise<void>} end
 */

/** @param {string} url @returns {Promise<Client>} connected */
export async function connectToPostgres(url) {
  const { Client } = /** @type {{ Client: new (url: string) => Client }} */ (load('pg'));
  const client = new Client(url);
  await client.connect();
  return client;
}

/**
 * @param {string} url
 * @param {string} statement
 */
export async function onPostgres(url, statement) {
  const client = await connectToPostgres(url);
  await client.query(statement);
  await client.end();
}
