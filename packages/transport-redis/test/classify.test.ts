import { ConnectionError } from '@kombu/core/spi';
import { classify } from '../src/classify.ts';

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

describe('classify', () => {
  it.each([
    ["READONLY You can't write against a read only replica.", 'CONNECTION_FAILED'],
    ['LOADING Redis is loading the dataset in memory', 'CONNECTION_FAILED'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'CONNECTION_FAILED'],
    ['CLUSTERDOWN The cluster is down', 'CONNECTION_FAILED'],
    ['MOVED 866 127.0.0.1:7002', 'CONNECTION_FAILED'],
    ['UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)', 'CONNECTION_LOST'],
    ['ERR max number of clients reached', 'CONNECTION_FAILED'],
    ['NOAUTH Authentication required.', 'ACCESS_REFUSED'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'ACCESS_REFUSED'],
    ["NOPERM this user has no permissions to run the 'lpush' command", 'ACCESS_REFUSED'],
    ['ERR invalid password', 'ACCESS_REFUSED'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'BLOCKED'],
    ['MISCONF Redis is configured to save RDB snapshots', 'BLOCKED'],
    ['NOREPLICAS Not enough good replicas to write.', 'BLOCKED'],
    ['BUSY Redis is busy running a script.', 'BLOCKED'],
    ['EXECABORT Transaction discarded because of previous errors.', 'CHANNEL_ERROR'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'PRECONDITION_FAILED'],
    ['ERR DB index is out of range', 'NOT_FOUND'],
    ["ERR unknown command 'EVALSHA'", 'UNSUPPORTED'],
    ['ERR something new', 'INTERNAL'],
    // As Redis 6 says it of a script.
    [
      "ERR Error running script (call to f_8490e3da): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica. ",
      'CONNECTION_FAILED',
    ],
    [
      'ERR Error running script (call to f_8490e3da): @user_script:9: WRONGTYPE Operation against',
      'PRECONDITION_FAILED',
    ],
    ['ERR Error running script (call to f_8490e3da): @user_script: 3: -OOM command not allowed', 'BLOCKED'],
    ['ERR Error running script (call to f_8490e3da): @user_script:3: too many results to unpack', 'INTERNAL'],
  ])('R17: takes the reply %s for %s', (message, code) => {
    expect(classify(reply(message))).toBe(code);
  });

  it.each([
    [new Error('Connection is closed.'), 'CONNECTION_LOST'],
    [new Error("Stream isn't writeable and enableOfflineQueue options is false"), 'CONNECTION_FAILED'],
    [Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }), 'CONNECTION_FAILED'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'CONNECTION_FAILED'],
    [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'CONNECTION_LOST'],
    [Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'CONNECTION_FAILED'],
    [new ConnectionError('closed', { code: 'CLOSED' }), 'CLOSED'],
    [new Error('a new one'), 'INTERNAL'],
    ['text', 'INTERNAL'],
    [undefined, 'INTERNAL'],
  ])('takes %s for %s', (error, code) => {
    expect(classify(error)).toBe(code);
  });
});
