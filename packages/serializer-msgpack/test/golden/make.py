"""Prints bodies as Python Kombu writes them: `python make.py > python.json`."""
import base64
import json

import kombu
import msgpack
from kombu.serialization import dumps

EXPRESSIONS = [
    'None', 'True', 'False',
    '0', '127', '128', '255', '256', '65535', '65536', '2**32 - 1', '2**32', '2**53 - 1', '2**53', '2**63', '2**64 - 1',
    '-1', '-32', '-33', '-128', '-129', '-2**15', '-2**15 - 1', '-2**31', '-2**31 - 1', '-2**53 + 1', '-2**53', '-2**63',
    '0.5', '-0.0', '1.0', '1e300', '2.0**60', "float('inf')", "-float('inf')", "float('nan')",
    "''", "'a' * 31", "'a' * 32", "'a' * 255", "'a' * 256", "'wörld \\U0001f600 \\x00'",
    "b''", "b'\\xff'", "b'a' * 255", "b'a' * 256",
    '[]', '[1, [2, [3, [None]]]]', '[0] * 15', '[0] * 16',
    '{}', "{'b': 1, 'a': {'c': [True, b'x']}, '': 'wörld'}",
    '{str(i): i for i in range(15)}', '{str(i): i for i in range(16)}',
    'msgpack.Timestamp(1700000000)', 'msgpack.Timestamp(1700000000, 678000000)', 'msgpack.Timestamp(2**34)',
    'msgpack.Timestamp(-1, 999000000)', 'msgpack.Timestamp(253402300799, 999000000)',
    *(f"msgpack.ExtType(5, b'x' * {size})" for size in (0, 1, 2, 3, 4, 8, 16, 17, 255, 256)),
]


def case(expression):
    content_type, content_encoding, body = dumps(eval(expression), 'msgpack')
    return {
        'expression': expression,
        'contentType': content_type,
        'contentEncoding': content_encoding,
        'base64': base64.b64encode(body).decode(),
    }


print(json.dumps({'kombu': kombu.__version__, 'cases': [case(expression) for expression in EXPRESSIONS]}, indent=2))
