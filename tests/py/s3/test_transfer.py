"""boto3's transfer manager, which sends and fetches large objects in parts, several at a time (boto3 documentation, "File transfer configuration")."""

import hashlib
import io
import os
import threading

import pytest
from boto3.s3.transfer import TransferConfig

MIB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=8)


@pytest.fixture(scope="module")
def large():
    return os.urandom(24 * MIB + 4321)


def test_large_files_travel_in_parts(s3, bucket, large, tmp_path):
    sent = []
    (tmp_path / "from").write_bytes(large)
    s3.upload_file(str(tmp_path / "from"), bucket, "large", ExtraArgs={"Metadata": {"made": "here"}}, Config=PARTS, Callback=sent.append)
    assert sum(sent) == len(large)
    head = s3.head_object(Bucket=bucket, Key="large", ChecksumMode="ENABLED")
    digests = [hashlib.md5(large[at : at + 8 * MIB]).digest() for at in range(0, len(large), 8 * MIB)]
    assert head["ETag"] == f'"{hashlib.md5(b"".join(digests)).hexdigest()}-4"'
    assert (head["ContentLength"], head["Metadata"]) == (len(large), {"made": "here"})
    s3.download_file(bucket, "large", str(tmp_path / "to"), Config=PARTS)
    assert (tmp_path / "to").read_bytes() == large


def test_large_objects_are_copied_in_parts(s3, bucket, names, large):
    other = next(names)
    s3.create_bucket(Bucket=other)
    s3.upload_fileobj(io.BytesIO(large), bucket, "large", Config=PARTS)
    s3.copy({"Bucket": bucket, "Key": "large"}, other, "copy", Config=PARTS)
    assert s3.head_object(Bucket=other, Key="copy")["ETag"].endswith('-4"')
    received = io.BytesIO()
    s3.download_fileobj(other, "copy", received, Config=PARTS)
    assert received.getvalue() == large


def test_a_connection_survives_an_empty_body(s3, bucket):
    """botocore asks for leave to send a body (RFC 9110, section 10.1.1) even where there is none, and then uses the connection again."""
    bodies = {f"{number}": b"x" * size for number, size in enumerate([0, 2 * MIB, 0, 0, 3 * MIB])}
    for key, body in bodies.items():
        s3.upload_fileobj(io.BytesIO(body), bucket, key, Config=TransferConfig(use_threads=False))
    assert {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in bodies} == bodies


def test_many_transfers_at_a_time(s3, bucket):
    """Eight threads share a client, each with objects of its own, small ones and some in parts."""
    bodies = {f"object-{number:02}": os.urandom(9 * MIB if number % 8 == 0 else number * 7000) for number in range(24)}
    received, left, lock = {}, list(bodies), threading.Lock()

    def work():
        while True:
            with lock:
                if not left:
                    return
                key = left.pop()
            s3.upload_fileobj(io.BytesIO(bodies[key]), bucket, key, Config=PARTS)
            target = io.BytesIO()
            s3.download_fileobj(bucket, key, target, Config=PARTS)
            received[key] = target.getvalue()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert received == bodies
