import { script, type Script } from './script.ts';

/**
 * Reads claims whose lease is over, the newest first, and changes nothing.
 *
 * KEYS: `unacked`, `unacked_index`. ARGV: the visibility timeout in seconds; how many at most; the latest score, or nothing for
 * that of now. Returns the latest score; then claim, score and record by turns; the record is empty where there is none.
 */
export const expired: Script = script(`
local time = redis.call('TIME')
local latest = ARGV[3]
if latest == '' then latest = string.format('%.6f', time[1] + time[2] / 1000000 - ARGV[1]) end
local found = redis.call('ZRANGE', KEYS[2], latest, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
local reply = {latest}
for at = 1, #found, 2 do
  reply[#reply + 1] = found[at]
  reply[#reply + 1] = found[at + 1]
  reply[#reply + 1] = redis.call('HGET', KEYS[1], found[at]) or ''
end
return reply
`);
