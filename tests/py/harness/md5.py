"""The MD5 digests of Amazon SQS, computed as its Developer Guide describes, independently of any SDK."""

import hashlib
import struct


def of_body(text):
    return hashlib.md5(text.encode()).hexdigest()


def of_attributes(attributes):
    """Developer Guide, "Calculating the MD5 message digest for message attributes": sorted by name, each name, data type and value is
    preceded by its length as a 4-byte big-endian number; one byte between type and value tells strings (1) from binaries (2)."""
    encoded = b""
    for name in sorted(attributes):
        attribute = attributes[name]
        encoded += _sized(name.encode()) + _sized(attribute["DataType"].encode())
        if attribute["DataType"].startswith("Binary"):
            encoded += b"\x02" + _sized(attribute["BinaryValue"])
        else:
            encoded += b"\x01" + _sized(attribute["StringValue"].encode())
    return hashlib.md5(encoded).hexdigest()


def _sized(data):
    return struct.pack(">I", len(data)) + data
