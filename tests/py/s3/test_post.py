"""Browser-based uploads. User Guide, "Browser-based uploads using POST"; API Reference, "POST Object" and "POST Policy"."""

import base64
import hashlib
import hmac
import json
import xml.etree.ElementTree as xml
from datetime import datetime, timedelta, timezone

import boto3
import httpx
import pytest
from botocore.config import Config

from harness.admin import WORLD_HEADER
from harness.clients import REGION

SOON = timedelta(hours=1)


def refused(answer):
    error = xml.fromstring(answer.content)
    return answer.status_code, error.findtext("Code"), error.findtext("Message")


@pytest.fixture
def photos(clients, world):
    clients.client("s3").create_bucket(Bucket="photos")
    return clients.client("s3")


@pytest.fixture
def post(server, world, photos):
    """Posts a form whose last field is the file."""

    def post(fields, file=b"bytes", filename="cat.jpg", path="/photos", follow=False, **headers):
        files = [(name, (None, value)) for name, value in fields]
        if file is not None:
            files.append(("file", (filename, file)))
        return httpx.post(f"{server.url}{path}", files=files, headers={WORLD_HEADER: world, **headers}, follow_redirects=follow)

    return post


def policy(*conditions, until=SOON):
    document = {
        "expiration": (datetime.now(timezone.utc) + until).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [{"bucket": "photos"}, ["starts-with", "$key", ""], *conditions],
    }
    return base64.b64encode(json.dumps(document).encode()).decode()


def signed(policy, secret="test", key="test"):
    """The fields of a signature of version 2."""
    signature = base64.b64encode(hmac.new(secret.encode(), policy.encode(), hashlib.sha1).digest()).decode()
    return [("AWSAccessKeyId", key), ("policy", policy), ("signature", signature)]


class TestWithBoto3:
    """Its `generate_presigned_post` signs in version 4."""

    @pytest.fixture
    def form(self, server, world):
        def form(key="up/${filename}", secret="test", fields=None, conditions=(), expires=60):
            client = boto3.client(
                "s3",
                region_name=REGION,
                endpoint_url=server.url,
                aws_access_key_id=f"test@{world}",
                aws_secret_access_key=secret,
                config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
            )
            return client.generate_presigned_post("photos", key, Fields=fields, Conditions=list(conditions), ExpiresIn=expires)

        return form

    @staticmethod
    def send(form, file=b"bytes", **more):
        fields = {**form["fields"], **more}
        return httpx.post(form["url"], files=[(name, (None, value)) for name, value in fields.items()] + [("file", ("cat.jpg", file))])

    def test_it_is_stored(self, form, photos):
        fields = {"Content-Type": "image/jpeg", "x-amz-meta-a": "b", "Cache-Control": "no-cache"}
        answer = self.send(form(fields=fields, conditions=[{name: value} for name, value in fields.items()]))
        assert (answer.status_code, answer.content) == (204, b"")
        stored = photos.get_object(Bucket="photos", Key="up/cat.jpg")
        assert stored["Body"].read() == b"bytes"
        assert (stored["ContentType"], stored["Metadata"], stored["CacheControl"]) == ("image/jpeg", {"a": "b"}, "no-cache")
        assert answer.headers["etag"] == stored["ETag"]

    def test_a_wrong_signature(self, form, photos):
        assert refused(self.send(form(secret="wrong")))[:2] == (403, "SignatureDoesNotMatch")
        good = form()
        changed = base64.b64encode(base64.b64decode(good["fields"]["policy"]).replace(b"photos", b"videos")).decode()
        assert refused(self.send(good, policy=changed))[:2] == (403, "SignatureDoesNotMatch")

    def test_a_large_file_is_streamed(self, form, photos):
        large = bytes(range(256)) * (40 << 10)
        assert self.send(form(), large).status_code == 204
        assert photos.get_object(Bucket="photos", Key="up/cat.jpg")["Body"].read() == large


class TestAnswers:
    def test_status(self, post, photos):
        fields = [("key", "a b/ä.jpg"), ("acl", "bucket-owner-full-control"), ("success_action_status", "200")]
        access = signed(policy({"acl": "bucket-owner-full-control"}, ["starts-with", "$success_action_status", ""]))
        assert post(fields + access).status_code == 200
        assert post(fields[:2] + [("success_action_status", "404")] + access).status_code == 204
        answer = post(fields[:2] + [("success_action_status", "201")] + access)
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/xml")
        document = xml.fromstring(answer.content)
        assert document.tag == "PostResponse"
        assert [document.findtext(name) for name in ("Bucket", "Key")] == ["photos", "a b/ä.jpg"]
        assert document.findtext("ETag") == photos.head_object(Bucket="photos", Key="a b/ä.jpg")["ETag"]
        assert document.findtext("Location") == answer.headers["location"]
        assert document.findtext("Location").endswith("/photos/a%20b%2F%C3%A4.jpg")

    def test_redirect(self, post, photos):
        access = signed(policy(["starts-with", "$success_action_redirect", ""]))
        answer = post([("key", "k"), ("success_action_redirect", "http://example.com/done?x=1")] + access)
        assert answer.status_code == 303
        etag = photos.head_object(Bucket="photos", Key="k")["ETag"].strip('"')
        assert answer.headers["location"] == f"http://example.com/done?x=1&bucket=photos&key=k&etag=%22{etag}%22"
        assert post([("key", "k"), ("success_action_redirect", "nowhere")] + access).status_code == 204


class TestPolicy:
    @pytest.mark.parametrize(
        ("conditions", "fields", "message"),
        [
            ([["eq", "$acl", "private"]], [("acl", "public-read")], 'Policy Condition failed: ["eq", "$acl", "private"]'),
            ([{"acl": "private"}], [], 'Policy Condition failed: ["eq", "$acl", "private"]'),
            ([["starts-with", "$Content-Type", "image/"]], [("Content-Type", "text/a")], 'Policy Condition failed: ["starts-with", "$Content-Type", "image/"]'),
            ([], [("x-amz-meta-a", "b")], "Extra input fields: x-amz-meta-a"),
            ([{"bucket": "videos"}], [], 'Policy Condition failed: ["eq", "$bucket", "videos"]'),
        ],
    )
    def test_conditions(self, post, conditions, fields, message):
        answer = post([("key", "k"), *fields, *signed(policy(*conditions))])
        assert refused(answer) == (403, "AccessDenied", f"Invalid according to Policy: {message}")

    def test_case_means_nothing_in_names(self, post):
        fields = [("kEy", "k"), ("AcL", "bucket-owner-full-control"), ("x-ignore-a", "b")]
        assert post(fields + signed(policy({"aCl": "bucket-owner-full-control"}))).status_code == 204

    def test_it_ends(self, post):
        answer = post([("key", "k"), *signed(policy(until=-SOON))])
        assert refused(answer) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")

    @pytest.mark.parametrize(
        ("size", "code"), [(4, "EntityTooSmall"), (5, None), (10, None), (11, "EntityTooLarge"), (1 << 20, "EntityTooLarge")]
    )
    def test_length(self, post, photos, size, code):
        answer = post([("key", "k"), *signed(policy(["content-length-range", 5, 10]))], b"x" * size)
        if code is None:
            assert answer.status_code == 204
        else:
            assert refused(answer)[:2] == (400, code)
            assert "Contents" not in photos.list_objects_v2(Bucket="photos")

    def test_what_is_no_policy(self, post):
        for text in (b"{", b'{"conditions": []}', b'{"expiration": "2030-01-01T00:00:00Z"}'):
            answer = post([("key", "k"), *signed(base64.b64encode(text).decode())])
            assert refused(answer)[:2] == (400, "InvalidPolicyDocument")


class TestForms:
    def test_nobody_may_post_to_a_private_bucket(self, post):
        assert refused(post([("key", "k")]))[:2] == (403, "AccessDenied")

    def test_what_must_be_there(self, post):
        access = signed(policy())
        message = "Bucket POST must contain a field named '{}'.  If it is specified, please check the order of the fields."
        assert refused(post(access)) == (400, "InvalidArgument", message.format("key"))
        assert refused(post([("key", "k")] + access[:2])) == (400, "InvalidArgument", message.format("Signature"))
        assert refused(post([("key", "k")] + access[1:])) == (400, "InvalidArgument", message.format("AWSAccessKeyId"))
        assert refused(post([("key", "k"), *access], file=None))[:2] == (400, "InvalidArgument")

    def test_a_wrong_signature_of_version_2(self, post):
        assert refused(post([("key", "k"), *signed(policy(), secret="wrong")]))[:2] == (403, "SignatureDoesNotMatch")
        assert post([("key", "k"), *signed(policy(), secret="wrong", key="000000000000")]).status_code == 204

    def test_fields_are_bounded(self, post):
        answer = post([("key", "k"), ("x-ignore-a", "x" * 20_000), ("x-ignore-b", "x" * 1000), *signed(policy())])
        assert refused(answer)[:2] == (400, "MaxPostPreDataLengthExceeded")

    def test_checksums_are_verified(self, post):
        good = base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
        assert post([("key", "k"), ("x-amz-checksum-sha256", good), *signed(policy())]).status_code == 204
        bad = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        assert refused(post([("key", "k"), ("x-amz-checksum-sha256", bad), *signed(policy())]))[:2] == (400, "BadDigest")
        assert post([("key", "k"), ("x-amz-checksum-xxhash3", "0wNF/visNXA="), *signed(policy())]).status_code == 204
        assert refused(post([("key", "k"), ("x-amz-checksum-xxhash3", "AAAAAAAAAAA="), *signed(policy())]))[:2] == (400, "BadDigest")

    def test_tags_are_a_document(self, post, photos):
        tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>c=d</Value></Tag></TagSet></Tagging>"
        access = signed(policy(["starts-with", "$tagging", ""]))
        assert post([("key", "k"), ("tagging", tags), *access]).status_code == 204
        assert photos.get_object_tagging(Bucket="photos", Key="k")["TagSet"] == [{"Key": "a b", "Value": "c=d"}]
        assert refused(post([("key", "k"), ("tagging", "<a"), *access]))[:2] == (400, "MalformedXML")

    def test_a_bucket_in_the_host_name(self, post, photos):
        fields = [("key", "k"), ("success_action_status", "201"), *signed(policy({"success_action_status": "201"}))]
        answer = post(fields, path="/", host="photos.s3.localhost.localstack.cloud")
        assert (answer.status_code, answer.headers["location"]) == (201, "http://photos.s3.localhost.localstack.cloud/k")

    def test_what_is_no_form(self, server, world, photos):
        headers = {WORLD_HEADER: world, "content-type": "multipart/form-data; boundary=x"}
        for body in (b"", b"nothing", b"--x\r\n\r\n", b'--x\r\ncontent-disposition: form-data; name="key"\r\n\r\nk'):
            answer = httpx.post(f"{server.url}/photos", content=body, headers=headers)
            assert refused(answer)[:2] == (400, "MalformedPOSTRequest")
        cut = b'--x\r\ncontent-disposition: form-data; name="key"\r\n\r\nk\r\n--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nbytes'
        answer = httpx.post(f"{server.url}/photos", content=cut, headers=headers)
        assert answer.status_code in (400, 403)
        assert "Contents" not in photos.list_objects_v2(Bucket="photos")
