"""Writes kombu.json: what Kombu 5.7.0 over kazoo 2.11.0 puts into ZooKeeper.

    pip install kombu==5.7.0 kazoo==2.11.0
    python capture.py zookeeper://127.0.0.1:2181/golden
"""
import json
import sys

from kombu import Connection, Exchange, Queue

with Connection(sys.argv[1]) as connection:
    channel = connection.default_channel
    queue = Queue('tasks', Exchange('stock', type='direct'), routing_key='new')(channel)
    queue.declare()
    producer = connection.Producer()
    for priority, body in [(None, 'first'), (3, {'hello': 'wörld'}), (9, 'urgent'), (3, [1, None])]:
        more = {} if priority is None else {'priority': priority}
        producer.publish(body, exchange='stock', routing_key='new', serializer='json', headers={'h': 1}, **more)
    path = channel._get_path('tasks')
    names = sorted(channel.client.get_children(path))
    entries = [{'name': name, 'data': channel.client.get(path + '/' + name)[0].decode()} for name in names]
    queue.delete()
    with open('kombu.json', 'w') as file:
        json.dump({'path': path, 'entries': entries}, file, indent=2, ensure_ascii=False)
        file.write('\n')
