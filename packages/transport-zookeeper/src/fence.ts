import type { ConnectionManager } from './client.ts';
import { UnknownAnswerError } from './errors.ts';
import { FrameReader } from './frames.ts';

/** What is heard over the fence. */
export interface FenceEvents {
  /** Something came from the server. */
  heard(): void;
  /** The socket closed, or failed before it was open. Whether the library may try the next server. */
  retry(cause: Error | undefined): boolean;
  /** The server speaks nonsense. */
  failed(error: unknown): void;
}

/**
 * Keeps the client library from what it does by itself, by replacing the methods that its sockets call:
 *
 * - it reconnects for ever, and sends then what was asked of the lost connection;
 * - it throws out of the socket's listener when it does not know an answer, which ends the process;
 * - it keeps the reason of a failed connection to itself;
 * - it copies all that came with an answer to read the next one.
 */
export function fence(manager: ConnectionManager, events: FenceEvents): void {
  const connect = manager.connect.bind(manager);
  const onSocketError = manager.onSocketError.bind(manager);
  const receive = manager.onSocketData.bind(manager);
  let cause: Error | undefined;
  let attempts = 0;
  let frames = new FrameReader();
  manager.connect = () => {
    if (attempts > 0 && !events.retry(cause)) return;
    attempts += 1;
    cause = undefined;
    frames = new FrameReader();
    connect();
  };
  manager.onSocketError = (error) => {
    cause = error;
    onSocketError(error);
  };
  manager.onSocketData = (bytes) => {
    events.heard();
    try {
      for (const frame of frames.push(bytes)) answer(manager, receive, frame);
    } catch (error) {
      events.failed(error);
    }
  };
}

/** Gives the library one whole answer. */
function answer(manager: ConnectionManager, receive: (frame: Buffer) => void, frame: Buffer): void {
  const [request] = manager.pendingQueue;
  try {
    receive(frame);
  } catch (error) {
    // It took the request from the line and then knew no answer to it.
    if (request === undefined || manager.pendingQueue[0] === request) throw error;
    request.callback(new UnknownAnswerError(error));
  }
}

/** Closes the socket at once, together with the timer that would close the next one in its stead. */
export function destroy(manager: ConnectionManager): void {
  if (manager.connectTimeoutHandler) clearTimeout(manager.connectTimeoutHandler);
  manager.socket?.destroy();
}
