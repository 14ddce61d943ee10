"""Who signed a request, and whether. User Guide, "Authenticating Requests (AWS Signature Version 4)" and "Signing and authenticating REST
requests"; API Reference, "Error Responses"."""

import re
import time
import xml.etree.ElementTree as xml

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.admin import WORLD_HEADER
from harness.clients import REGION


@pytest.fixture
def signed_by(server, world):
    """A client of a key in this test's world; presigned URLs carry the world in the key, too."""

    def signed_by(key="test", secret="test", **config):
        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=server.url,
            aws_access_key_id=f"{key}@{world}",
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config),
        )

    return signed_by


@pytest.fixture
def photos(signed_by):
    client = signed_by()
    client.create_bucket(Bucket="photos")
    client.put_object(Bucket="photos", Key="cat & dog.jpg", Body=b"bytes")
    return "photos"


def refused(answer):
    """Status and code of a refusal."""
    return answer.status_code, xml.fromstring(answer.content).findtext("Code")


def code(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"], error.value.response["Error"]["Code"]


def presigned(client, method="get_object", expires=60, **arguments):
    return client.generate_presigned_url(method, Params={"Bucket": "photos", "Key": "cat & dog.jpg", **arguments}, ExpiresIn=expires)


class TestTheDefaultKey:
    """Its secret is known, so it is verified."""

    def test_another_secret_is_refused(self, signed_by, photos):
        wrong = signed_by(secret="wrong")
        assert code(wrong.list_objects_v2, Bucket=photos) == (403, "SignatureDoesNotMatch")
        assert code(wrong.put_object, Bucket=photos, Key="key", Body=b"body") == (403, "SignatureDoesNotMatch")
        assert code(signed_by(secret="wrong", signature_version="s3").list_objects_v2, Bucket=photos) == (403, "SignatureDoesNotMatch")

    def test_other_keys_are_taken_at_their_word(self, signed_by, photos):
        assert signed_by(key="anyone", secret="wrong").list_objects_v2(Bucket=photos)["KeyCount"] == 1

    def test_other_services(self, clients, world):
        assert code(clients.client("sqs", secret="wrong").list_queues)[1] == "InvalidSignatureException"
        assert code(clients.client("sts", secret="wrong").get_caller_identity) == (403, "SignatureDoesNotMatch")

    def test_what_s3_says(self, signed_by, photos):
        answer = httpx.get(presigned(signed_by(secret="wrong", signature_version="s3v4")))
        error = xml.fromstring(answer.content)
        assert error.findtext("StringToSign").startswith("AWS4-HMAC-SHA256\n")
        assert error.findtext("CanonicalRequest").startswith("GET\n/photos/cat%20%26%20dog.jpg\n")
        assert error.findtext("AWSAccessKeyId").startswith("test@")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
class TestPresigned:
    def test_as_it_was_signed(self, signed_by, photos, version):
        client = signed_by(signature_version=version)
        answer = httpx.get(presigned(client, ResponseContentType="text/plain", ResponseCacheControl="no-cache"))
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"bytes", "text/plain")
        assert httpx.put(presigned(client, "put_object"), content=b"new").status_code == 200
        assert httpx.get(presigned(client)).content == b"new"

    def test_nothing_may_be_changed(self, signed_by, photos, version):
        client = signed_by(signature_version=version)
        url = presigned(client, ResponseContentType="text/plain")
        changed = [
            url.replace("cat", "dog"),
            url.replace("text%2Fplain", "text%2Fhtml"),
            url + "&versionId=null",
            re.sub("Signature=(.)", lambda found: f"Signature={'0' if found[1] != '0' else '1'}", url),
        ]
        if version == "s3v4":
            other_second = re.sub(r"(X-Amz-Date=\d+T\d+)(\d)Z", lambda found: f"{found[1]}{(int(found[2]) + 1) % 10}Z", url)
            changed += [url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), url + "&a=b", other_second]
        else:
            changed.append(re.sub(r"Expires=\d+", "Expires=4102444800", url))
        for one in changed:
            assert refused(httpx.get(one)) == (403, "SignatureDoesNotMatch"), one
        assert refused(httpx.put(url, content=b"")) == (403, "SignatureDoesNotMatch")

    def test_signed_headers(self, signed_by, photos, version):
        """What was signed must be sent, and nothing of S3's beyond it."""
        client = signed_by(signature_version=version)
        url = presigned(client, "put_object", ContentType="text/plain")
        assert httpx.put(url, content=b"x", headers={"content-type": "text/plain"}).status_code == 200
        assert refused(httpx.put(url, content=b"x", headers={"content-type": "text/html"})) == (403, "SignatureDoesNotMatch")
        more = httpx.put(url, content=b"x", headers={"content-type": "text/plain", "x-amz-meta-a": "b"})
        assert refused(more) == (403, "AccessDenied" if version == "s3v4" else "SignatureDoesNotMatch")

    @pytest.mark.parametrize("key", ["test", "anyone"])
    def test_it_ends(self, signed_by, photos, version, key):
        client = signed_by(key=key, signature_version=version)
        if version == "s3":
            url = re.sub(r"Expires=\d+", f"Expires={int(time.time()) - 1}", presigned(client))
        else:
            url = re.sub(r"X-Amz-Date=\d+T", "X-Amz-Date=20200101T", presigned(client))
        answer = httpx.get(url)
        assert refused(answer) == (403, "AccessDenied")
        error = xml.fromstring(answer.content)
        assert error.findtext("Message") == "Request has expired"
        assert error.findtext("Expires") and error.findtext("ServerTime")


@pytest.mark.parametrize("key", ["test", "anyone"])
@pytest.mark.parametrize("expires", [-1, 604801])
def test_how_long_a_presigned_request_may_live(signed_by, photos, key, expires):
    """At most a week."""
    assert refused(httpx.get(presigned(signed_by(key=key, signature_version="s3v4"), expires=expires))) == (400, "AuthorizationQueryParametersError")


def test_version_2_in_the_header(signed_by, photos):
    client = signed_by(signature_version="s3")
    assert client.get_object(Bucket=photos, Key="cat & dog.jpg", ResponseContentType="text/x")["ContentType"] == "text/x"
    client.put_object(Bucket=photos, Key="two", Body=b"2", Metadata={"a": "b", "c": "d"}, ContentType="text/plain")
    assert client.head_object(Bucket=photos, Key="two")["Metadata"] == {"a": "b", "c": "d"}


def test_a_header_of_version_2_that_is_none(server, world):
    answer = httpx.get(f"{server.url}/photos", headers={WORLD_HEADER: world, "authorization": "AWS HAHAHA"})
    assert refused(answer) == (400, "InvalidArgument")


def test_who_shows_no_key_is_nobody(server, world, photos):
    """What is not public is denied."""
    get = lambda path: httpx.get(f"{server.url}{path}", headers={WORLD_HEADER: world})
    assert refused(get("/")) == (403, "AccessDenied")
    assert refused(get("/photos")) == (403, "AccessDenied")
    assert refused(get("/photos/cat%20%26%20dog.jpg")) == (403, "AccessDenied")


def test_a_body_is_what_was_signed(server, signed_by, photos):
    """x-amz-content-sha256 covers the body, and the signature covers that."""
    client = signed_by(signature_version="s3v4")
    client.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", b"changed"))
    assert code(client.put_object, Bucket=photos, Key="key", Body=b"as sent")[0] == 400
