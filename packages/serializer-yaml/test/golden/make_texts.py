"""Prints what PyYAML's safe_load makes of many texts: `python make_texts.py > texts.json`."""
import base64
import datetime
import itertools
import json
import struct

import yaml

SIGNED = [
    '0', '00', '0_', '_0', '1', '12', '1_000', '1__0', '1_', '08', '09', '017', '0o17', '0O17', '0b11', '0B11', '0b_1', '0b', '0b2',
    '0x1F', '0x_1', '0X1F', '0x', '0xG', '1:30', '1:60', '1:3', '0:30', '10:20:30', '1:2:3:4', '1:30.5', '1:30.', '0:1.5',
    '1:60.5', '1.', '1.5', '.5', '.', '1.5e3', '1.5e+3', '1.5E-3', '1.e+1', '1e3', '1e+3', '.5e+1', '1_0.5_0', '1.5.2', '1,000',
    '.inf', '.Inf', '.INF', '.iNf', 'inf', '.nan', '.NaN', '.NAN', '.Nan', 'nan', '9007199254740991', '9007199254740992',
    '9223372036854775808', '123456789012345678901234567890', '0777777777777777777777777', '1.7976931348623157e+308', '1.0e+400',
    '4.9e-324', '0.1', '100000000000000000000.5', '0x1fffffffffffff', '0x20000000000000', '0.0', '1 2', 'a',
]
WORDS = ['yes', 'no', 'on', 'off', 'true', 'false', 'y', 'n', 'null', 'none', 'nil', '~', '=', '<<', '<', '==', '~~']
TIMESTAMPS = [
    '2001-12-14', '2001-1-1', '2001-02-29', '2000-02-29', '2001-02-30', '2001-13-01', '0000-01-01', '0001-01-01', '9999-12-31',
    '2001-12-14T21:59:43', '2001-12-14t21:59:43.1', '2001-12-14 21:59:43.10', '2001-12-14  21:59:43.123456',
    '2001-12-14\t21:59:43.1234567', '2001-12-14T21:59:43.', '2001-1-1 1:02:03', '2001-12-14 1:2:3', '2001-12-14 21:59',
    '2001-12-14T21:59:43Z', '2001-12-14 21:59:43 Z', '2001-12-14T21:59:43z', '2001-12-14T21:59:43.5+01:30', '2001-12-14T21:59:43-5',
    '2001-12-14 21:59:43.123456 -05:30', '2001-12-14T21:59:43+05', '2001-12-14T21:59:43+23:59', '2001-12-14T21:59:43+24:00',
    '2001-12-14T21:59:43+0530', '2001-12-14T24:00:00', '2001-12-14T23:60:00', '2001-12-14T23:59:60', '2001-12-14T23:59:59.999999Z',
    '1970-01-01T00:00:00.001Z', '1969-12-31T23:59:59.999Z', '20011214', '2001-12-14T', '2001-12-14 x', '12001-12-14', '2001-12-14-',
]
# Nodes with tags and quotes.
EXPLICIT = ['5', '"5"', "'yes'", '1e5', 'abc', '""', '017', '1:30', '2001-12-14', '~', 'ON', 'nan', '.nan', '=', '[1]', '{a: 1}', '|\n  5\n']
TAGS = ['!!int', '!!float', '!!bool', '!!str', '!!null', '!!timestamp', '!!binary', '!', '!<tag:yaml.org,2002:int>', '!!merge', '!!value',
        '!!seq', '!!map', '!!set', '!!omap', '!!pairs', '!!python/none', '!!python/tuple', '!local', '!!unknown', '!e!x', '!!%69nt']
DOCUMENTS = [
    '', ' ', '\n', '# comment', '---', '---\n', '--- a', '--- a\n...', 'a\n...\n', 'a\n---\nb', '---\na\n---\n', '...', '%YAML 1.1\n---\n017',
    '%YAML 1.2\n---\n017', '%YAML 2.0\n---\na', '%TAG !e! tag:yaml.org,2002:\n--- !e!int 5', '%TAG ! tag:yaml.org,2002:\n--- !int 5',
    '%TAG !! tag:x,2000:\n--- !!int 5', '\ufeffa: 1', 'a: 1', 'a: 1\nb: 2', 'a: 1\na: 2', '{a: 1, b: 2}', '{a: 1,}', '{a: 1,, b: 2}', '{a:1}',
    '{"a":1}', '{a, b: c}', '{? a, b: c}', '{? a : b}', '? a\n: b', '? a', '? a\n? b', '? |\n  a\n: - b', '[a, b]', '[a, b,]', '[a,, b]', '[,]',
    '[]', '{}', '[a: b, c]', '[a: b: c]', '[? a : b]', '[[1, [2]], {a: {b: [3]}}]', '- a\n- b', '- - a\n  - b\n- c', '-\n  a', '-', '- ', '-a',
    'a:\n- b\n- c', 'a:\n  - b\n  - c', 'a:\n  b:\n    c: d', 'a:\nb: 1', 'a: b: c', 'a: - b', '- a: 1\n  b: 2', '- a\n b', 'a\n b\n\n c',
    'a: "x\n  y\n\n  z"', "'a''b'", '"\\u00e9\\x41\\/\\n\\t\\0\\a\\e\\_\\N\\L\\P\\U0001F600"', '"a\\\n  b"', '"\\q"', '"\\xZZ"', '"a', "'a", '"a" b',
    '|\n a\n  b\n', '|-\n a\n', '|+\n a\n\n', '|2\n   a\n', '>\n a\n b\n\n c\n', '>-\n a\n  b\n c\n', '|\n', '|\na', 'a: |\n  x\nb: 1', '| x',
    'a # c', 'a #c', 'a#c', 'a: # c\n  b', '#a\nb', 'a:b', 'a: b:c', 'a :b', 'a : b', ': a', ':', 'http://a/b', 'a: http://a/b#c', '- :a', '?a', '@a', '`a',
    '%a', '&', '*', '!', '*a', '&a', '&a b', '- &a 1\n- *a', '- &a [1]\n- *a', '- &a 1\n- &a 2\n- *a', '{a: &x 1, b: *x}', '&a a: *a', '[&a [1], *a, *a]',
    '- *a\n- &a 1', 'x: &a\ny: *a', '{&a x: 1, y: *a}', '{*a : 1}', '- &a x\n- {*a : 1}',
    '<<: {a: 1}', 'a: 1\n<<: {a: 2, b: 3}', '<<: {a: 2, b: 3}\na: 1', '<<: [{a: 1}, {a: 2, b: 3}]\nb: 4', '<<: [{a: 1}, {b: 2}, {c: 3, a: 4}]',
    '<<: {a: 1}\n<<: {a: 2, b: 3}', '<<: 1', '<<: [1]', '<<: []', '<<: {}', '<<: [[{a: 1}]]', '"<<": {a: 1}', '- <<', '<<', '{<<: {<<: {a: 1}, b: 2}, c: 3}',
    '- &a {x: 1, y: 2}\n- &b {x: 3}\n- {<<: *a, x: 0}\n- {<<: [*a, *b]}\n- {<<: [*b, *a]}', '- &l [{a: 1}, {b: 2}]\n- {<<: *l}',
    '<<: {1: a}\nb: c', '<<: !!set {a, b}', '{=: 1}', '{"=": 1}', '{=: 1, a: 2}', '- =', 'a: =',
    '{1: a}', '{1: a, "1": b}', '{1: a, 1: b}', '{1.5: a}', '{null: a}', '{~: a, null: b}', '{true: a}', '{yes: a, on: b}', '{2001-12-14: a}',
    '{!!binary aGk=: a}', '{[1]: a}', '{{a: 1}: b}', '? [1]\n: a', '? {a: 1}\n: b', '{9007199254740993: a}', '{.nan: a}', '{"": a}', '{a: }', '{: a}',
    '!!set {a, b}', '!!set {a, a}', '!!set {a: 1}', '!!set\n? a\n? 1', '!!set [a]', '!!set {}', '!!set', '!!omap [a: 1, b: 2]', '!!omap\n- a: 1\n- b: 2',
    '!!omap [a: 1, a: 2]', '!!omap {a: 1}', '!!omap [1]', '!!omap [{a: 1, b: 2}]', '!!omap [{}]', '!!omap []', '!!omap [[1]: 2]', '!!pairs [a: 1, a: 2]',
    '!!pairs\n- a: 1\n- a: 2', '!!map {a: 1}', '!!seq [a]', '!!binary aGk=', '!!binary "aGk"', '!!binary |\n  aGVs\n  bG8=\n', '!!binary ""', '!!binary a',
    '!!binary "\\xe9"', '!!python/object/apply:os.system ["true"]', '!!python/name:os.system', '!!python/object:a.b {c: 1}', '!!python/str a',
    '{__proto__: 1, a: 2}', '{constructor: {prototype: 1}}', '\ta: 1', 'a:\n\tb: 1', '- a\n\t- b', '"a\tb"', 'a\tb', '\x07', '"\x07"', '\x7f', '\x80', '\ud7ff', '\ue000', '\ufffd', '\ufffe',
    '\U0001f600', 'a\x85b', '"a\x85b"', 'a: 1\x85b: 2', 'a\u2028b', '"\u2028"', 'wörld: ü', 'a\r\nb', 'a: 1\r\nb: 2\r\n', 'a: 1\rb: 2',
    '[1, 2', '{a: 1', '[1, 2}', ']', '}', '- a\nb: c', 'a: 1\n- b', ' a: 1\nb: 2', 'a: 1\n b: 2', 'a: "b"c', "a: 'b'\n  c", 'a: [1]\n  2', 'a: *b c',
]


def describe(value):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) or isinstance(value, int) and abs(value) < 2**53:
        # An integer and a float are the same number in JavaScript.
        return {'number': struct.pack('>d', value).hex() if value == value else 'nan'}
    if isinstance(value, int):
        return {'bigint': str(value)}
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return {'bytes': base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return {'local': value.isoformat()}
        instant = value.astimezone(datetime.timezone.utc)
        return {'instant': instant.replace(microsecond=instant.microsecond // 1000 * 1000).isoformat(timespec='milliseconds')}
    if isinstance(value, datetime.date):
        return {'date': value.isoformat()}
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if isinstance(value, set):
        return {'set': sorted((describe(item) for item in value), key=json.dumps)}
    return {'map': [[describe(key), describe(item)] for key, item in value.items()]}


def case(text):
    try:
        return {'text': text, 'value': describe(yaml.safe_load(text))}
    except Exception as error:
        return {'text': text, 'error': type(error).__name__}


def texts():
    for sign, body in itertools.product(['', '+', '-'], SIGNED):
        yield sign + body
    for word in WORDS:
        yield from dict.fromkeys([word, word.upper(), word.capitalize(), word[:-1] + word[-1].upper()])
    yield from TIMESTAMPS
    for tag, node in itertools.product(TAGS, EXPLICIT):
        yield f'{tag} {node}'
    yield from DOCUMENTS


if __name__ == '__main__':
    cases = [case(text) for text in dict.fromkeys(texts())]
    lines = ',\n'.join(json.dumps(one) for one in cases)
    print(f'{{"pyyaml": "{yaml.__version__}", "cases": [\n{lines}\n]}}')
