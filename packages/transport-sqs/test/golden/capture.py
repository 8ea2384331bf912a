"""Writes what Kombu puts into SQS, and how it reads bodies, as JSON: python capture.py 127.0.0.1:9324 > kombu.json

Needs kombu 5.7, boto3, pycurl, and a server that speaks the protocol of SQS.
"""
import json
import sys

import boto3
from kombu import Connection, Exchange, Queue

address = sys.argv[1]
url = f"sqs://key:secret@{address}"
region = {"region": "us-east-1"}
client = boto3.client(
    "sqs", "us-east-1", endpoint_url=f"http://{address}", aws_access_key_id="key", aws_secret_access_key="secret"
)
names = ["foo.bar-baz*qux_quux", "celery@host.celery.pidbox", "orders.fifo", "a.b.fifo", "q!\"#$%&'()+,/:;<=>?@[\\]^`{|}~q"]
bodies = [
    "True", "1234", "hello", "aGVsbG8=", " aGVsbG8=\n", "YWJj", "YWJ", "_w==", "/w==", "YWJjZA", "YWJjZB==", "[1]", "{}", "null",
    '{"properties": {}}', '{"body": "x"}', "wörld", "d8O2cmxk", "eyJhIjogMX0=",
]


def captured(options, queue, **publish):
    with Connection(url, transport_options={**region, **options}) as connection:
        exchange = Exchange("stock", type="direct")
        bound = Queue(queue, exchange, routing_key="stock.us")
        producer = connection.Producer(serializer="json")
        producer.publish({"hello": "wörld"}, exchange=exchange, routing_key="stock.us", declare=[bound], **publish)
        channel = connection.default_channel
        name = channel.canonical_queue_name(queue)
        queue_url = client.get_queue_url(QueueName=name)["QueueUrl"]
        received = client.receive_message(
            QueueUrl=queue_url, WaitTimeSeconds=2, AttributeNames=["All"], MessageAttributeNames=["All"]
        )["Messages"][0]
        attributes = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        client.delete_queue(QueueUrl=queue_url)
        kept = {key: attributes[key] for key in ("VisibilityTimeout", "FifoQueue") if key in attributes}
        system = {key: value for key, value in received["Attributes"].items() if key.startswith("Message")}
        return {"name": name, "body": received["Body"], "system": system, "queue": kept}


def read(channel, text):
    decoded = channel._decode_python_message_body(text).decode()
    payload = channel._prepare_json_payload(decoded)
    return channel._envelope_payload(payload, decoded, {"ReceiptHandle": "r"}, "u").get("body")


with Connection(url, transport_options=region) as connection:
    channel = connection.default_channel
    answer = {
        "names": {name: channel.canonical_queue_name(name) for name in names},
        "bodies": {text: read(channel, text) for text in bodies},
    }
answer["base64"] = captured({}, "us.stock", headers={"h": 1}, correlation_id="cid", expiration=2500, priority=4)
answer["plain"] = captured({"sqs_base64_encoding": False}, "us.plain", headers={"h": 1})
answer["fifo"] = captured({}, "us.stock.fifo", MessageGroupId="g", MessageDeduplicationId="d")
json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
print()
