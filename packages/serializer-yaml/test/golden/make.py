"""Prints bodies as Python Kombu writes them: `python make.py > python.json`."""
import base64
import datetime
import json

import kombu
from kombu.serialization import dumps

UTC = 'datetime.timezone.utc'
EXPRESSIONS = [
    'None', 'True', 'False', '0', '-1', '2**53 - 1', '2**53', '-2**63', '10**30',
    '0.5', '-0.0', '1.0', '1e300', '1e-07', '1e16', '2.0**60', '123456789.125', "float('inf')", "-float('inf')", "float('nan')",
    "''", "'a'", "'yes'", "'1:30'", "'1e3'", "'1.5'", "'0x1f'", "'017'", "'~'", "'null'", "'2001-12-14'", "'='", "'<<'", "'-'",
    "'- a'", "'-a'", "'a: b'", "'a:'", "'a:b'", "'a #b'", "'a#b'", "'#'", "' a '", "'[a'", "'a, b'", "'?'", "'?a'", "'---a'",
    "'...'", "'%a'", "'@a'", "'!a'", "'*a'", "'&a'", "'|'", "'>'", '"it\'s"', '"\'a"', "'a\"b'", "'http://a/b?c#d'",
    "'wörld \\U0001f600 \\x00 \\t \\n \\x1b \\x85 \\xa0 \\u2028 \\u2029 \\ufeff'", "'a\\nb'",
    "b''", "b'hello'", "b'\\xff' * 100",
    'datetime.date(2024, 2, 29)', 'datetime.datetime(2024, 1, 2, 3, 4, 5)', 'datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)',
    f'datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo={UTC})', f'datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo={UTC})',
    f'datetime.datetime(1, 1, 1, tzinfo={UTC})', f'datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo={UTC})',
    '[]', '{}', 'set()', '[[]]', '[{}]', '[[1, 2], [3]]', '[[[1]]]', "{'a': []}", "{'a': {}}", "{'a': [1, {'b': [2, 3]}]}",
    "{'a': {'b': {'c': 1}}}", "[{'a': 1, 'b': 2}, {'c': [1]}]", "{'a': 1}", "{'a': None, 'b': True, 'yes': 'no', 'é': ''}",
    "{'a': {1}}", "[{'x'}]", "{'a': [{'x'}, set()]}", "[b'x', b'']", "{'a': b'x', 'b': [b'y']}", "{'a': {b'k': b'v'}}",
    "{1: 'a', 2.5: 'b', None: 'c', True: 'd'}", "{datetime.date(2024, 2, 29): {1: [2]}}",
    "{'k' * 122: 1}", "{'k' * 123: 1}", "{'k' * 128: [1, {'a': 1}]}", "[{'k' * 128: {'a': {'b': 1}}}]",
]


def case(expression):
    content_type, content_encoding, body = dumps(eval(expression), 'yaml')
    return {
        'expression': expression,
        'contentType': content_type,
        'contentEncoding': content_encoding,
        'base64': base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
    }


print(json.dumps({'kombu': kombu.__version__, 'cases': [case(expression) for expression in EXPRESSIONS]}, indent=2))
