"""Pages that use a bucket. User Guide, "Using cross-origin resource sharing" and "Testing CORS"."""

import xml.etree.ElementTree as xml

import httpx
import pytest

from harness.admin import WORLD_HEADER

HERE, ELSEWHERE = "http://localhost:3000", "https://app.example.com"
RULES = [
    {
        "AllowedOrigins": ["https://*.example.com", HERE],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag", "x-amz-meta-a"],
        "MaxAgeSeconds": 3000,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]},
]


@pytest.fixture
def photos(clients, world):
    client = clients.client("s3")
    client.create_bucket(Bucket="photos")
    client.put_object(Bucket="photos", Key="cat", Body=b"bytes")
    return client


@pytest.fixture
def ruled(photos):
    photos.put_bucket_cors(Bucket="photos", CORSConfiguration={"CORSRules": RULES})


@pytest.fixture
def ask(server, world):
    """Sends a request as a page of that origin does; the world is in the host name, as a preflight has no headers of its own."""

    def ask(method, path, origin=None, wanted=None, headers=None):
        sent = {"host": f"{world}.world.localhost"}
        sent.update({"origin": origin} if origin else {})
        sent.update({"access-control-request-method": wanted} if wanted else {})
        sent.update({"access-control-request-headers": headers} if headers else {})
        return httpx.request(method, f"{server.url}{path}", headers=sent)

    return ask


def told(answer):
    return answer.status_code, answer.headers.get("access-control-allow-origin")


class TestPreflight:
    @pytest.mark.parametrize("origin", [HERE, ELSEWHERE])
    def test_what_a_rule_allows(self, ask, ruled, origin):
        answer = ask("OPTIONS", "/photos/cat", origin, "PUT", "x-amz-date, content-type")
        assert told(answer) == (200, origin)
        names = ("allow-methods", "allow-headers", "expose-headers", "max-age", "allow-credentials")
        values = [answer.headers.get(f"access-control-{name}") for name in names]
        assert values == ["GET, PUT", "x-amz-date, content-type", "ETag, x-amz-meta-a", "3000", "true"]
        assert answer.headers["vary"] == "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"

    @pytest.mark.parametrize(
        ("origin", "wanted", "headers"),
        [("https://example.com", "GET", None), (ELSEWHERE, "DELETE", None), (HERE, "DELETE", None), (ELSEWHERE, "GET", "authorization")],
    )
    def test_what_no_rule_allows(self, ask, ruled, origin, wanted, headers):
        answer = ask("OPTIONS", "/photos/cat", origin, wanted, headers)
        assert told(answer) == (403, None)
        error = xml.fromstring(answer.content)
        assert error.findtext("Code") == "AccessForbidden"
        assert error.findtext("Message").startswith("CORSResponse: This CORS request is not allowed.")
        assert (error.findtext("Method"), error.findtext("ResourceType")) == (wanted, "OBJECT")

    def test_any_origin(self, ask, ruled):
        answer = ask("OPTIONS", "/photos/cat", "https://any.test", "HEAD")
        assert told(answer) == (200, "*")
        assert "access-control-allow-credentials" not in answer.headers

    def test_what_must_be_sent(self, ask, ruled):
        for answer in (ask("OPTIONS", "/photos/cat"), ask("OPTIONS", "/photos/cat", ELSEWHERE)):
            assert (answer.status_code, xml.fromstring(answer.content).findtext("Code")) == (400, "BadRequest")

    def test_a_bucket_without_rules(self, ask, photos):
        answer = ask("OPTIONS", "/photos", ELSEWHERE, "GET")
        assert told(answer) == (403, None)
        assert xml.fromstring(answer.content).findtext("Message") == "CORSResponse: CORS is not enabled for this bucket."
        assert told(ask("OPTIONS", "/photos", HERE, "GET")) == (204, HERE)


class TestRequests:
    def test_what_a_rule_allows(self, ask, photos, ruled, clients):
        url = photos.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "cat"})
        path = url[url.index("/photos") :]
        answer = ask("GET", path, ELSEWHERE)
        assert (told(answer), answer.content) == ((200, ELSEWHERE), b"bytes")
        assert answer.headers["access-control-expose-headers"] == "ETag, x-amz-meta-a"

    def test_answers_that_refuse_carry_them_too(self, ask, ruled):
        assert told(ask("GET", "/photos/cat", ELSEWHERE)) == (403, ELSEWHERE)
        assert told(ask("GET", "/photos/cat", "https://any.test")) == (403, None)

    def test_a_page_from_anywhere_may_not_be_somebody(self, ask, photos, ruled):
        """Any key is accepted here, so that an asterisk must not open the bucket to the web."""
        url = photos.generate_presigned_url("head_object", Params={"Bucket": "photos", "Key": "cat"})
        assert ask("HEAD", url[url.index("/photos") :], "https://any.test").status_code == 403
        assert ask("HEAD", url[url.index("/photos") :], HERE).status_code == 200
