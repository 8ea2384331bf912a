"""Reads cases as the compressor tests write them, on stdin. Prints the names of those that Python Kombu reads otherwise."""
import base64
import json
import sys

from kombu.compression import decompress


def is_right(case):
    plain = base64.b64decode(case['unit']) * case['times']
    return decompress(base64.b64decode(case['base64']), case['contentType']) == plain


print(json.dumps([case['name'] for case in json.load(sys.stdin) if not is_right(case)]))
