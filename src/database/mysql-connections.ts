/** How ours are, whosever server it is. */
export const MYSQL_CONNECTIONS = {
  charset: 'utf8mb4',
  timezone: 'Z',
  poolSize: 10,
  connectTimeout: 5_000,
  extra: { enableKeepAlive: true, maxIdle: 10, idleTimeout: 60_000 },
};
