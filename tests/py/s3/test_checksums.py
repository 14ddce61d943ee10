"""Checksums of every algorithm. User Guide, "Checking object integrity in Amazon S3"; API Reference of the operations.

No client here computes an xxHash, so theirs are written down: what the reference implementation (xxHash 0.8) makes of these bodies.
"""

import base64
import hashlib
import http.client
import xml.etree.ElementTree as xml
import zlib

import pytest

from harness.admin import WORLD_HEADER
from harness.refusal import refused

SMALL = b"hello world"
LARGE = bytes(number % 251 for number in range(100_000))
XXHASHES = {
    "XXHASH64": {SMALL: "RatnNLIeaWg=", LARGE: "TPde5yzY9Mw="},
    "XXHASH3": {SMALL: "1Eex6kDmmIs=", LARGE: "QsI67q2WdQ0="},
    "XXHASH128": {SMALL: "340J6T+HSQCpm4d1zBW2xw==", LARGE: "VBgsWLuxM3xCwjrurZZ1DQ=="},
}
# Of the checksum of SMALL, as a composite of that part alone.
COMPOSITES = {"XXHASH64": "eLjv0gsUMwM=", "XXHASH3": "HU6AWAF3/zk=", "XXHASH128": "FXOQBxPaqnja7ygbpTYBFw=="}
HASHES = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512", "MD5": "md5"}
NEW = ["SHA512", "MD5", *XXHASHES]


def encoded(digest):
    return base64.b64encode(digest).decode()


def checksum(algorithm, body):
    if algorithm in XXHASHES:
        return XXHASHES[algorithm][body]
    return encoded(hashlib.new(HASHES[algorithm], body).digest())


def composite(algorithm):
    """Of an upload whose only part is SMALL."""
    if algorithm in COMPOSITES:
        return COMPOSITES[algorithm] + "-1"
    return encoded(hashlib.new(HASHES[algorithm], base64.b64decode(checksum(algorithm, SMALL))).digest()) + "-1"


def off_by_one_bit(value):
    digest = bytearray(base64.b64decode(value))
    digest[-1] ^= 1
    return encoded(bytes(digest))


def malformed(algorithm):
    return "InvalidRequest", f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."


@pytest.mark.parametrize("algorithm", NEW)
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_headers_are_verified_and_kept(s3, bucket, put, algorithm, body):
    member, value = f"Checksum{algorithm}", checksum(algorithm, body)
    answer = put("key", body, **{member: value})
    assert (answer[member], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    for ask in (s3.get_object, s3.head_object):
        answer = ask(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
        assert (answer[member], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    told = s3.get_object_attributes(Bucket=bucket, Key="key", ObjectAttributes=["Checksum"])["Checksum"]
    assert told == {member: value, "ChecksumType": "FULL_OBJECT"}
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["ChecksumAlgorithm"] == [algorithm]
    with refused("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", status=400):
        put("other", body, **{member: off_by_one_bit(value)})
    with refused(*malformed(algorithm), status=400):
        put("other", body, **{member: "AAAA"})
    with refused("NoSuchKey", status=404):
        s3.get_object(Bucket=bucket, Key="other")


@pytest.fixture
def trailing(server, world, bucket):
    """Puts an object in chunks, with a header behind them. Returns the status, and the code of an error."""

    def trailing(name, value, body=LARGE, query=""):
        chunks = [body[start : start + 40_000] for start in range(0, len(body), 40_000)]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + f"0\r\n{name}:{value}\r\n\r\n".encode()
        headers = {
            WORLD_HEADER: world,
            "x-amz-date": "20261121T000000Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=anyone/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(body)),
            "x-amz-trailer": name,
            "x-amz-sdk-checksum-algorithm": name.removeprefix("x-amz-checksum-").upper(),
        }
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.request("PUT", f"/{bucket}/key{query}", sent, headers)
        answer = connection.getresponse()
        document = answer.read()
        connection.close()
        return answer.status, xml.fromstring(document).findtext("Code") if document else answer.getheader(name)

    if not server.url.startswith("http://"):
        pytest.skip("speaks plainly")
    return trailing


@pytest.mark.parametrize("algorithm", NEW)
def test_trailers_are_verified_and_kept(s3, bucket, trailing, algorithm):
    name, value = f"x-amz-checksum-{algorithm.lower()}", checksum(algorithm, LARGE)
    assert trailing(name, off_by_one_bit(value)) == (400, "BadDigest")
    assert trailing(name, "AAAA") == (400, "InvalidRequest")
    with refused("NoSuchKey", status=404):
        s3.get_object(Bucket=bucket, Key="key")
    assert trailing(name, value) == (200, value)
    answer = s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (answer[f"Checksum{algorithm}"], answer["Body"].read()) == (value, LARGE)


def test_a_checksum_that_the_client_computes(put):
    assert put("key", SMALL, ChecksumAlgorithm="SHA512")["ChecksumSHA512"] == checksum("SHA512", SMALL)


def test_one_checksum_is_enough(put):
    with refused("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", status=400):
        put("key", SMALL, ChecksumMD5=checksum("MD5", SMALL), ChecksumXXHASH3=checksum("XXHASH3", SMALL))


@pytest.mark.parametrize("algorithm", NEW)
def test_parts(s3, bucket, algorithm):
    """Multipart uploads have composites of these: of the full object are CRCs alone, as the others cannot be put together."""
    member, value = f"Checksum{algorithm}", checksum(algorithm, SMALL)
    upload = {"Bucket": bucket, "Key": "key"}
    created = s3.create_multipart_upload(**upload, ChecksumAlgorithm=algorithm)
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, "COMPOSITE")
    upload["UploadId"] = created["UploadId"]
    part = {**upload, "PartNumber": 1, "Body": SMALL}
    with refused("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", status=400):
        s3.upload_part(**part, **{member: off_by_one_bit(value)})
    with refused(*malformed(algorithm), status=400):
        s3.upload_part(**part, **{member: "AAAA"})
    mismatch = "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: sha1"
    with refused("InvalidRequest", mismatch.format(algorithm.lower()), status=400):
        s3.upload_part(**part, ChecksumSHA1=checksum("SHA1", SMALL))
    answer = s3.upload_part(**part, **{member: value})
    assert answer[member] == value
    (listed,) = s3.list_parts(**upload)["Parts"]
    assert listed[member] == value
    given = {"PartNumber": 1, "ETag": answer["ETag"], member: value}
    with refused("InvalidPart", status=400):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{**given, member: off_by_one_bit(value)}]})
    whole, parts = composite(algorithm), {"Parts": [given]}
    with refused("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", status=400):
        s3.complete_multipart_upload(**upload, MultipartUpload=parts, **{member: off_by_one_bit(whole[:-2]) + "-1"})
    answer = s3.complete_multipart_upload(**upload, MultipartUpload=parts, **{member: whole})
    assert (answer[member], answer["ChecksumType"]) == (whole, "COMPOSITE")
    answer = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (answer[member], answer["ChecksumType"]) == (whole, "COMPOSITE")
    told = s3.get_object_attributes(Bucket=bucket, Key="key", ObjectAttributes=["ObjectParts"])["ObjectParts"]["Parts"]
    assert [part[member] for part in told] == [value]


@pytest.mark.parametrize("algorithm", NEW)
def test_types_of_multipart_uploads(s3, bucket, algorithm):
    message = f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
    with refused("InvalidRequest", message, status=400):
        s3.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    # An upload must announce these before its parts have them.
    upload = {"Bucket": bucket, "Key": "key", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]}
    message = f"Checksum Type mismatch occurred, expected checksum Type: null, actual checksum Type: {algorithm.lower()}"
    with refused("InvalidRequest", message, status=400):
        s3.upload_part(**upload, PartNumber=1, Body=SMALL, **{f"Checksum{algorithm}": checksum(algorithm, SMALL)})


@pytest.mark.parametrize("algorithm", NEW)
def test_copies(s3, bucket, put, algorithm):
    member, value = f"Checksum{algorithm}", checksum(algorithm, LARGE)
    put("from", LARGE, ChecksumCRC32=encoded(zlib.crc32(LARGE).to_bytes(4, "big")))
    source = {"Bucket": bucket, "Key": "from"}
    assert s3.copy_object(Bucket=bucket, Key="to", CopySource=source, ChecksumAlgorithm=algorithm)["CopyObjectResult"][member] == value
    # A copy has the algorithm of its source where none is asked for.
    again = s3.copy_object(Bucket=bucket, Key="again", CopySource={"Bucket": bucket, "Key": "to"})["CopyObjectResult"]
    assert (again[member], again["ChecksumType"]) == (value, "FULL_OBJECT")
    upload = {"Bucket": bucket, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, ChecksumAlgorithm=algorithm)["UploadId"]
    assert s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"][member] == value
