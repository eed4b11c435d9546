# SPDX-License-Identifier: MIT
# python.py - objects, strings, buffers that grow, and JSON, for bench/preload.
import json


class Node:
    def __init__(self, i):
        self.i = i
        self.list = [i] * (i % 13)
        self.dict = {"a": i, "b": str(i) * 8}


nodes = [Node(i) for i in range(60000)]
text = json.dumps([node.dict for node in nodes])
back = json.loads(text)
grown = bytearray()
for i in range(200000):
    grown += b"0123456789abcdef"
blocks = {i: bytes(600 + i % 3000) for i in range(20000)}
for i in range(0, 20000, 2):
    del blocks[i]
again = {i: bytes(64 + i * 7 % 5000) for i in range(10000)}
print(len(text), len(back), len(grown), sum(map(len, blocks.values())), len(again))
