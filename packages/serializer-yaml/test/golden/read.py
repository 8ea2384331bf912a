"""Prints what PyYAML's safe_load makes of texts, given as JSON on stdin."""
import json
import sys

sys.dont_write_bytecode = True

from make_texts import case  # noqa: E402

print(json.dumps([case(text) for text in json.load(sys.stdin)]))
