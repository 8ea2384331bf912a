"""Prints bodies as Python Kombu compresses them, and others that Python reads: `python make.py > python.json`."""
import base64
import json

import kombu
from backports import zstd
from kombu.compression import compress, decompress

NAME = 'zstd'
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
    **{f'level {level}': lambda plain, level=level: zstd.compress(plain, level) for level in (-5, 19)},
    'with a checksum': lambda plain: zstd.compress(plain, options={zstd.CompressionParameter.checksum_flag: 1}),
    'without the size': lambda plain: streamed(plain),
    'two frames': lambda plain: zstd.compress(plain[:7]) + streamed(plain[7:]),
    'a frame to skip': lambda plain: b'\x50\x2a\x4d\x18\x03\x00\x00\x00abc' + zstd.compress(plain),
}


def streamed(plain):
    compressor = zstd.ZstdCompressor()
    return compressor.compress(plain) + compressor.flush()


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
