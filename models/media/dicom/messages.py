"""The messages between the decoding child and the process that started it."""

import struct

HEAD = struct.Struct("<cLL")
"""Kind of a message, and two numbers: height and width of a picture, or the length of an error."""

PICTURE, ERROR = b"P", b"E"
