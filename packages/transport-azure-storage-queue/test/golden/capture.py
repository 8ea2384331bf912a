"""
Prints what Kombu writes to Azure Storage Queues; its output is kombu.json.

Needs Python with kombu 5.5.4, azure-storage-queue 12.18.1 and azure-identity. The argument is the URL of an Azurite.
"""

import json
import sys

import kombu
from azure.storage.queue import QueueServiceClient
from kombu import Connection, Exchange, Queue

url = sys.argv[1]
key, account = url[len("azurestoragequeues://"):].rsplit("@", 1)
service = QueueServiceClient(account, credential={"account_name": "devstoreaccount1", "account_key": key})

with Connection(url, transport_options={"queue_name_prefix": "py_"}) as connection:
    channel = connection.channel()
    producer = connection.Producer(channel)
    exchange = Exchange("shop", type="direct")
    Queue("orders.new", exchange, routing_key="new")(channel).declare()
    producer.publish(
        {"id": 1, "name": 'gr\u00fc\u00dfe <&> "x"'},
        exchange=exchange,
        routing_key="new",
        headers={"a": 1},
        priority=3,
        correlation_id="c1",
        expiration=60,
    )
    producer.publish("text", exchange="", routing_key="orders.new")
    producer.publish(
        b"\x00\xff",
        exchange=exchange,
        routing_key="new",
        content_type="application/data",
        content_encoding="binary",
    )
    (name,) = [queue["name"] for queue in service.list_queues() if queue["name"].startswith("py-")]
    messages = [message.content for message in service.get_queue_client(name).receive_messages(messages_per_page=32)]
    service.delete_queue(name)

print(json.dumps({"kombu": kombu.__version__, "queue": name, "messages": messages}, indent=2))
