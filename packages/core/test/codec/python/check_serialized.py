"""
Reads cases as the serializer tests write them, on stdin: a Python expression and the body for its value. Prints the
expressions whose body Python Kombu reads as something else.
"""
import base64
import datetime
import json
import math
import sys

from kombu.serialization import loads

try:
    import msgpack
except ImportError:
    msgpack = None

NAMES = {'datetime': datetime, 'msgpack': msgpack}


def same(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if {type(a), type(b)} == {int, float}:
        return a == b
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


def is_right(case):
    body = base64.b64decode(case['base64'])
    value = loads(body, case['contentType'], case['contentEncoding'], accept={case['contentType']})
    return same(value, eval(case['expression'], NAMES))


print(json.dumps([case['expression'] for case in json.load(sys.stdin) if not is_right(case)]))
