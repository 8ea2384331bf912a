"""Prints bodies as Python Kombu compresses them, and others that Python reads: `python make.py > python.json`."""
import base64
import json
import lzma

import kombu
from kombu.compression import compress, decompress

NAME = 'lzma'
# What is compressed: these bytes, so many times.
PLAIN = {
    'nothing': (b'', 1),
    'one byte': (b'\x00', 1),
    'text': ('{"hello": "wörld"}'.encode(), 1),
    'all bytes': (bytes(range(256)), 20),
    'a megabyte': (b'0123456789abcdef' * 4, 16384),
}
# Not what Kombu writes, but what it reads.
OTHERS = {
    **{f'preset {preset}': lambda plain, preset=preset: lzma.compress(plain, preset=preset) for preset in (0, 9)},
    **{
        f'check {check}': lambda plain, check=check: lzma.compress(plain, check=check)
        for check in (lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_SHA256)
    },
    'two streams': lambda plain: lzma.compress(plain[:7]) + lzma.compress(plain[7:], preset=0),
}


def case(name, unit, times, body):
    assert decompress(body, NAME) == unit * times
    return {'name': name, 'unit': base64.b64encode(unit).decode(), 'times': times, 'base64': base64.b64encode(body).decode()}


def cases():
    for name, (unit, times) in PLAIN.items():
        body, content_type = compress(unit * times, NAME)
        yield {**case(name, unit, times, body), 'contentType': content_type}
    unit, times = PLAIN['all bytes']
    for name, other in OTHERS.items():
        yield case(name, unit, times, other(unit * times))


print(json.dumps({'kombu': kombu.__version__, 'cases': list(cases())}, indent=2))
