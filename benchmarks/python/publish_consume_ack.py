"""Publish, consume and ack with Python Kombu. Reads the body as JSON, then one count per line; answers each with a line of JSON."""
import json
import sys
import time

from kombu import Connection, Consumer, Queue, __version__

WINDOW = 1000


def run(connection, producer, queue, body, count):
    done = 0

    def handle(_, message):
        nonlocal done
        message.ack()
        done += 1

    with Consumer(connection, queues=[queue], callbacks=[handle], prefetch_count=100):
        sent = 0
        while sent < count:
            batch = min(WINDOW, count - sent)
            for _ in range(batch):
                producer.publish(body, routing_key=queue.name)
            sent += batch
            while done < sent:
                connection.drain_events(timeout=10)


def main():
    with Connection(sys.argv[1]) as connection:
        queue = Queue("bench-python", channel=connection.default_channel)
        queue.declare()
        producer = connection.Producer()
        body = json.loads(sys.stdin.readline())
        print(__version__, flush=True)
        for line in sys.stdin:
            count = int(line)
            wall, cpu = time.perf_counter(), time.process_time()
            run(connection, producer, queue, body, count)
            usage = {"seconds": time.perf_counter() - wall, "cpuMicros": (time.process_time() - cpu) * 1e6}
            print(json.dumps(usage), flush=True)
        queue.delete()


main()
