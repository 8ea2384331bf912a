"""What Kombu writes into MongoDB, as extended JSON: `python capture.py mongodb://host/an_empty_database > layout.json`.

Needs kombu 5.5 and pymongo. The server has to know TTL indexes, or `ttl` is left out of the capture.
"""

import json
import sys

import pymongo
from bson import json_util
from kombu import Connection, Exchange, Queue

url = sys.argv[1]
database = pymongo.MongoClient(url).get_default_database()


def rows(name):
    found = database[name].find().sort("_id", 1)
    return json.loads(json_util.dumps(list(found), json_options=json_util.CANONICAL_JSON_OPTIONS))


with Connection(url) as connection:
    channel = connection.channel()
    producer = connection.Producer(channel)
    direct = Exchange("direct-ex", "direct")
    topic = Exchange("topic-ex", "topic")
    fanout = Exchange("fanout-ex", "fanout")
    Queue("d", direct, routing_key="dk")(channel).declare()
    Queue("t", topic, routing_key="stock.*.a-b_c.#")(channel).declare()
    Queue("f", fanout)(channel).declare()
    producer.publish("plain", routing_key="d", exchange="", serializer="raw", content_type="text/plain")
    producer.publish({"hello": "w\u00f6rld"}, exchange=direct, routing_key="dk", priority=7, expiration=60)
    producer.publish({"n": 1}, exchange=topic, routing_key="stock.x.a-b_c")
    producer.publish({"all": True}, exchange=fanout, routing_key="")
    layout = {
        "messages": rows("messages"),
        "routing": rows("messages.routing"),
        "broadcast": rows("messages.broadcast"),
        "indexes": {
            name: [list(map(list, index["key"])) for _, index in sorted(database[name].index_information().items())]
            for name in ("messages", "messages.routing", "messages.broadcast")
        },
        "capped": database["messages.broadcast"].options(),
    }
json.dump(layout, sys.stdout, indent=2)
print()
