import { type Redis } from 'ioredis';
import { type WaitingJob } from '../../job-dispatcher.port.js';
import { type LabelQueue, priorityOf } from './label-queue.js';

/**
 * KEYS: the ids by score; what is remembered of turns. A score is a priority and, below it, the turn. What BullMQ has put in, and has no turn
 * yet, comes after all of its rank that have. The hash has the highest turn of each rank, the one that was
 * served, the last of each owner at a rank, and as `edge` the score from which on something was left out.
 */
const COMMON = `
  local ids, turns = KEYS[1], KEYS[2]
  local function base(rank) return (2 * tonumber(rank) + ${priorityOf(0) - 1}) * 2^32 end
  local function text(number) return string.format('%.0f', number) end
  local function number(field) return tonumber(redis.call('HGET', turns, field) or '') end
  local function keep(field, value) redis.call('HSET', turns, field, text(value)) end
  local function served(rank)
    local first = redis.call('ZRANGEBYSCORE', ids, text(base(rank)), text(base(rank) + 2^32 - 1), 'WITHSCORES', 'LIMIT', 0, 1)
    local least = first[2] and tonumber(first[2]) - base(rank) - 1 or number(rank) or 0
    return math.max(least, number('served ' .. rank) or 0)
  end`;

/** ARGV: rank and owner of each. Answers with the turn of each, or -1 where it is to be left out. */
const PLACE = `${COMMON}
  local edge, placed = number('edge') or math.huge, {}
  for i = 1, #ARGV, 2 do
    local rank, owner = ARGV[i], ARGV[i] .. '|' .. ARGV[i + 1]
    local now = served(rank)
    local turn = math.max(now, (number(owner) or -1) + 1)
    keep('served ' .. rank, now)
    if base(rank) + turn < edge then
      keep(owner, turn)
      if turn > (number(rank) or -1) then keep(rank, turn) end
      table.insert(placed, turn)
    else table.insert(placed, -1) end
  end
  return placed`;

/** ARGV: whether that is all that waits, then id, rank and owner of each, by age. See `Turns.renew` and `edgeOf`. */
const RENEW = `${COMMON}
  local now, waiting, last = {}, {}, {}
  for i = 2, #ARGV, 3 do
    local rank, owner = ARGV[i + 1], ARGV[i + 1] .. '|' .. ARGV[i + 2]
    if not now[rank] then now[rank] = served(rank) end
    local score = tonumber(redis.call('ZSCORE', ids, ARGV[i]) or 0)
    local turn = score - base(rank)
    if turn >= 0 and turn < math.min(2^32, waiting[owner] or math.huge) then waiting[owner] = turn end
  end
  local known = redis.call('HGETALL', turns)
  for i = 1, #known, 2 do
    local owner, rank = known[i], string.match(known[i], '^(-?%d+)|')
    if rank and now[rank] then
      local turn = waiting[owner] and waiting[owner] - 1 or tonumber(known[i + 1])
      local ahead = turn - now[rank]
      if ahead >= 0 then last[owner] = ahead end
    end
  end
  redis.call('DEL', turns)
  for owner, turn in pairs(last) do keep(owner, turn) end
  local lastRank, counts, most, highest = -math.huge, {}, 0, {}
  for i = 2, #ARGV, 3 do
    local rank, owner = ARGV[i + 1], ARGV[i + 1] .. '|' .. ARGV[i + 2]
    local turn = (last[owner] or -1) + 1
    last[owner] = turn
    highest[rank] = math.max(highest[rank] or 0, turn)
    redis.call('ZADD', ids, 'XX', text(base(rank) + turn), ARGV[i])
    if tonumber(rank) > lastRank then lastRank, counts, most = tonumber(rank), {}, 0 end
    if tonumber(rank) == lastRank then
      counts[owner] = (counts[owner] or 0) + 1
      most = math.max(most, counts[owner])
    end
  end
  for owner, turn in pairs(last) do keep(owner, turn) end
  for rank, turn in pairs(highest) do keep(rank, turn) end
  if ARGV[1] == 'all' then return end
  local edge = most == 0 and 0 or most == 1 and base(lastRank) or math.huge
  for owner, count in pairs(most > 1 and counts or {}) do
    if count >= most - 1 then edge = math.min(edge, base(lastRank) + last[owner] + 1) end
  end
  keep('edge', edge)`;

/** ARGV: how many are too many. Answers with the ids of the last ones. */
const LAST = `${COMMON}
  local last = redis.call('ZRANGE', ids, -tonumber(ARGV[1]), -1, 'WITHSCORES')
  local found = {}
  for i = 1, #last, 2 do table.insert(found, last[i]) end
  if last[2] then keep('edge', math.min(number('edge') or math.huge, tonumber(last[2]))) end
  return found`;

/** A waiting job that has a turn. */
export interface SharedPlace {
  readonly job: WaitingJob;
  readonly turn: number;
}

/** Whose turn it is in a queue that several servers fill: as `Turns` has it, in Redis. */
export class SharedTurns {
  private readonly keys: readonly [string, string];

  constructor(
    private readonly redis: Redis,
    queue: LabelQueue,
  ) {
    this.keys = [queue.keyOf('prioritized'), queue.keyOf('turns')];
  }

  /** Gives a turn to each that does not come behind what was left to the database. */
  async place(jobs: readonly WaitingJob[]): Promise<SharedPlace[]> {
    const about = jobs.flatMap(({ rank, owner }) => [rank, owner]);
    const turns = (await this.redis.eval(PLACE, 2, ...this.keys, ...about)) as number[];
    return jobs.flatMap((job, index) => {
      const turn = turns[index] ?? -1;
      return turn < 0 ? [] : [{ job, turn }];
    });
  }

  /** Moves those to their places that are in the queue. */
  async keep(places: readonly SharedPlace[]): Promise<void> {
    if (places.length === 0) return;
    const scores = places.flatMap(({ job, turn }) => [scoreOf(job.rank, turn), job.id]);
    await this.redis.zadd(this.keys[0], 'XX', ...scores);
  }

  /** Places all anew that are in the queue. Whoever was served ahead of others stays it. */
  async renew(jobs: readonly WaitingJob[], isAll: boolean): Promise<void> {
    const byAge = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const about = byAge.flatMap(({ id, rank, owner }) => [id, rank, owner]);
    await this.redis.eval(RENEW, 2, ...this.keys, isAll ? 'all' : 'some', ...about);
  }

  /** The last `count` ids, which are to be left to the database: nothing that comes behind them is placed any more. */
  async leaveOut(count: number): Promise<string[]> {
    return (await this.redis.eval(LAST, 2, ...this.keys, count)) as string[];
  }

  async forget(): Promise<void> {
    await this.redis.unlink(this.keys[1]);
  }
}

function scoreOf(rank: number, turn: number): number {
  return (priorityOf(rank) - 1) * 2 ** 32 + turn;
}
