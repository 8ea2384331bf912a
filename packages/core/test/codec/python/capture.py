"""Prints bodies, compressed bodies and an envelope as Python Kombu writes them: `python capture.py > kombu.json`."""
import base64
import datetime as dt
import decimal
import json
import uuid

import kombu
from kombu import Connection, Exchange, Producer
from kombu.compression import compress
from kombu.serialization import dumps

utc = dt.timezone.utc
hour = dt.timezone(dt.timedelta(hours=1))
odd = dt.timezone(-dt.timedelta(hours=5, minutes=53, seconds=28))
ID = uuid.UUID('00112233-4455-4677-8899-aabbccddeeff')

VALUES = {
    'object': {'hello': 'wörld', 'n': [1, -2.5, 1e300, True, None], 'emoji': '😀'},
    'datetime utc': dt.datetime(2024, 1, 2, 3, 4, 5, 678000, utc),
    'datetime utc, no fraction': dt.datetime(2024, 1, 2, 3, 4, 5, 0, utc),
    'datetime utc, microseconds': dt.datetime(2024, 1, 2, 3, 4, 5, 678901, utc),
    'datetime with offset': dt.datetime(2024, 1, 2, 3, 4, 5, 678000, hour),
    'datetime with odd offset': dt.datetime(1880, 1, 2, 3, 4, 5, 0, odd),
    'datetime naive': dt.datetime(2024, 1, 2, 3, 4, 5, 678901),
    'datetime first': dt.datetime(1, 1, 1, 0, 0, 0, 0, utc),
    'datetime last': dt.datetime(9999, 12, 31, 23, 59, 59, 999000, utc),
    'date': dt.date(2024, 2, 29),
    'time': dt.time(3, 4, 5),
    'time, microseconds and offset': dt.time(3, 4, 5, 678901, hour),
    'decimal': decimal.Decimal('1.50'),
    'decimal exponent': decimal.Decimal('1E+3'),
    'decimal digits': decimal.Decimal('-0.1234567890123456789012345678901234567890'),
    'decimal NaN': decimal.Decimal('NaN'),
    'decimal Infinity': decimal.Decimal('-Infinity'),
    'uuid1': uuid.UUID('c232ab00-9414-11ec-b3c8-9f6bdeced846'),
    'uuid3': uuid.uuid3(uuid.NAMESPACE_OID, 'kombu'),
    'uuid4': ID,
    'uuid5': uuid.uuid5(uuid.NAMESPACE_OID, 'kombu'),
    'bytes text': 'wörld\x00'.encode(),
    'bytes empty': b'',
    'bytes other': b'\xff\x00\xfe',
    'nested': {'list': [ID, {'day': dt.date(2024, 2, 29)}], 'price': decimal.Decimal('9.99')},
    'NaN': [float('nan')],
    'Infinity': {'a': float('inf')},
    '-Infinity': {'a': [0, float('-inf')]},
    'integer 2^53 - 1': [2**53 - 1],
    'integer 2^53 + 1': {'id': 2**53 + 1},
    'integer -2^63': {'id': -2**63},
    'integer 10^30': {'id': 10**30},
    'float 1e20': [1e20],
    'lone surrogate': ['\ud800'],
}

BODIES = {
    'text': ('wörld', None),
    'bytes': (b'\xff\x00', None),
    'raw text': ('wörld', 'raw'),
    'raw bytes': (b'\xff\x00', 'raw'),
    'json string': ('x', 'json'),
    'none': (None, None),
    'pickle': ({'a': 1}, 'pickle'),
    'yaml': ({'a': 1}, 'yaml'),
}

PLAIN = b'{"hello": "world", "again": "world world world"}'


def b64(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def envelope():
    captured = []
    connection = Connection('memory://', transport_options={'body_encoding': None})
    channel = connection.default_channel
    channel._put = lambda queue, message, **kwargs: captured.append(message)
    Producer(channel, Exchange('')).publish(
        b'\xff\x00', routing_key='q', headers={'at': VALUES['datetime utc'], 'id': ID}, retry=False,
    )
    captured[0]['properties']['delivery_tag'] = str(ID)
    from kombu.utils.json import dumps as json_dumps
    return json_dumps(captured[0])


print(json.dumps({
    'kombu': kombu.__version__,
    'json': [{'name': name, 'text': dumps(value, 'json')[2]} for name, value in VALUES.items()],
    'bodies': [
        {'name': name, 'contentType': content_type, 'contentEncoding': encoding, 'base64': b64(body)}
        for name, (value, serializer) in BODIES.items()
        for content_type, encoding, body in [dumps(value, serializer)]
    ],
    'plain': PLAIN.decode(),
    'compressed': [
        {'name': name, 'contentType': content_type, 'base64': b64(body)}
        for name in ('gzip', 'zlib', 'brotli', 'bzip2', 'lzma')
        for body, content_type in [compress(PLAIN, name)]
    ],
    'envelope': envelope(),
}, indent=2))
