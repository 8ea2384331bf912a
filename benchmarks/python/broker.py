"""Work of Python Kombu with a real broker, whose queue exists already.

Arguments: the work, the URL, the queue, and the prefix of keys. Reads the body as JSON, then one count per line; answers each with
a line of JSON.
"""
import json
import statistics
import sys
import time

from kombu import Connection, Consumer, Queue
from kombu.transport.virtual import Channel as VirtualChannel

WINDOW = 1000


def publish(connection, queue, body):
    """Kombu waits for each confirm."""
    producer = connection.Producer()

    def run(count):
        for _ in range(count):
            producer.publish(body, routing_key=queue, delivery_mode=1)

    return run


def publish_window(connection, queue, body):
    """py-amqp with its confirms counted by hand."""
    import amqp

    channel = connection.channel()
    channel.confirm_select()
    confirmed = 0

    def on_ack(delivery_tag, multiple):
        nonlocal confirmed
        confirmed = max(confirmed, delivery_tag)

    channel.events["basic_ack"].add(on_ack)
    sent = 0

    def run(count):
        nonlocal sent
        last = sent + count
        while confirmed < last:
            while sent < last and sent - confirmed < WINDOW:
                message = amqp.Message(json.dumps(body), content_type="application/json", delivery_mode=1)
                channel._basic_publish(message, exchange="", routing_key=queue)
                sent += 1
            connection.drain_events(timeout=10)

    return run


def consume(connection, queue, body):
    def run(count):
        done = 0

        def handle(_, message):
            nonlocal done
            message.ack()
            done += 1

        with consumer(connection, queue, handle):
            while done < count:
                connection.drain_events(timeout=10)

    return run


def latency(connection, queue, body):
    producer = connection.Producer()

    def run(count):
        handled_at = 0

        def handle(_, message):
            nonlocal handled_at
            handled_at = time.perf_counter()
            message.ack()

        times = []
        with consumer(connection, queue, handle):
            for _ in range(count):
                sent_at, handled_at = time.perf_counter(), 0
                producer.publish(body, routing_key=queue, delivery_mode=1)
                while not handled_at:
                    connection.drain_events(timeout=10)
                times.append(handled_at - sent_at)
        return statistics.median(times) * count

    return run


def consumer(connection, queue, handle):
    channel = connection.channel()
    # Declared by those who prepared it, with arguments of their own.
    queues = [Queue(queue, no_declare=not isinstance(channel, VirtualChannel))]
    return Consumer(channel, queues=queues, callbacks=[handle], prefetch_count=100)


def options(work, url, prefix):
    if url.startswith("redis"):
        return {"global_keyprefix": prefix}
    return {"confirm_publish": work != "publish-window"}


def main():
    works = {"publish": publish, "publish-window": publish_window, "consume": consume, "latency": latency}
    work, url, queue, prefix = sys.argv[1:]
    body = json.loads(sys.stdin.readline())
    with Connection(url, transport_options=options(work, url, prefix)) as connection:
        connection.connect()
        run = works[work](connection, queue, body)
        print("ready", flush=True)
        for line in sys.stdin:
            wall, cpu = time.perf_counter(), time.process_time()
            seconds = run(int(line))
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(json.dumps({"seconds": seconds or wall, "cpuMicros": cpu * 1e6}), flush=True)


main()
