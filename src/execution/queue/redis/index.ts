export { RedisDispatcher } from './redis-dispatcher.js';
export { RedisEndNews } from './redis-end-news.js';
export { RedisFeed } from './redis-feed.js';
export { RedisLiveOutput } from './redis-live-output.js';
export { RedisOutputDesk } from './redis-output-desk.js';
