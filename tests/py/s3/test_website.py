"""Buckets as websites. User Guide, "Hosting a static website using Amazon S3"."""

import json

import httpx
import pytest

from harness.admin import WORLD_HEADER

HOST = "site.s3-website-us-east-1.amazonaws.com"


@pytest.fixture
def s3(clients, world):
    """A bucket whose objects everybody may read and list."""
    client = clients.client("s3")
    client.create_bucket(Bucket="site")
    client.delete_public_access_block(Bucket="site")
    allow(client, "s3:GetObject", "s3:ListBucket")
    return client


def allow(client, *actions):
    statement = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": ["arn:aws:s3:::site", "arn:aws:s3:::site/*"]}
    client.put_bucket_policy(Bucket="site", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.fixture
def site(s3):
    """Configures the website, with an index document unless all is redirected."""

    def site(pages=(), **website):
        for key in pages:
            s3.put_object(Bucket="site", Key=key, Body=f"<{key}>", ContentType="text/html")
        if "RedirectAllRequestsTo" not in website:
            website.setdefault("IndexDocument", {"Suffix": "index.html"})
        s3.put_bucket_website(Bucket="site", WebsiteConfiguration=website)

    return site


@pytest.fixture
def page(server, world):
    """Asks as a browser does, and follows no redirect."""

    def page(path, method="GET", host=HOST, **headers):
        return httpx.request(method, f"{server.url}{path}", headers={"Host": host, WORLD_HEADER: world, **headers})

    return page


def place(answer):
    return answer.status_code, answer.headers.get("location")


def test_index_documents(site, page):
    """ "Configuring an index document": of the root and of folders; a folder without its slash is redirected."""
    site(["index.html", "docs/index.html", "docs/a b.html"])
    assert page("/").text == "<index.html>"
    assert page("/docs/").text == "<docs/index.html>"
    assert page("/docs/a%20b.html").text == "<docs/a b.html>"
    assert place(page("/docs")) == (302, "/docs/")
    answer = page("/", "HEAD")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "text/html")
    missing = page("/docs/none/")
    assert missing.status_code == 404 and "<li>Code: NoSuchKey</li>" in missing.text
    assert page("/", **{"If-None-Match": page("/").headers["etag"]}).status_code == 304


def test_an_object_comes_before_the_folder_of_its_name(site, page):
    site(["docs", "docs/index.html"])
    assert page("/docs").text == "<docs>"


def test_error_documents(site, page, s3):
    """ "Configuring a custom error document": it is shown for errors of clients, with the status of the error."""
    site(["index.html"], ErrorDocument={"Key": "error.html"})
    plain = page("/missing")
    assert plain.status_code == 404 and "NoSuchKey" in plain.text
    s3.put_object(Bucket="site", Key="error.html", Body=b"sorry", ContentType="text/x-sorry")
    answer = page("/missing")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (404, "sorry", "text/x-sorry")
    # Who may not list the bucket does not learn what is missing.
    allow(s3, "s3:GetObject")
    assert (page("/missing").status_code, page("/missing").text) == (403, "sorry")
    s3.delete_bucket_policy(Bucket="site")
    answer = page("/")
    assert answer.status_code == 403 and "<li>Code: AccessDenied</li>" in answer.text


def test_all_requests_are_redirected(site, page):
    site(RedirectAllRequestsTo={"HostName": "example.com"})
    assert place(page("/a%20b/c")) == (301, "http://example.com/a%20b/c")
    site(RedirectAllRequestsTo={"HostName": "example.com", "Protocol": "https"})
    assert place(page("/")) == (301, "https://example.com/")


def test_routing_rules(site, page):
    """ "(Optional) Configuring a webpage redirect": "Redirection rules"."""
    site(
        ["index.html", "docs/a"],
        RoutingRules=[
            {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}},
            {"Condition": {"KeyPrefixEquals": "images/"}, "Redirect": {"ReplaceKeyWith": "gone.html", "HttpRedirectCode": "307"}},
            {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"HostName": "old.example.com", "Protocol": "https"}},
            {
                "Condition": {"KeyPrefixEquals": "app/", "HttpErrorCodeReturnedEquals": "404"},
                "Redirect": {"HostName": "app.example.com", "ReplaceKeyPrefixWith": "#!/", "HttpRedirectCode": "302"},
            },
        ],
    )
    assert place(page("/docs/a")) == (301, f"http://{HOST}/documents/a")
    assert place(page("/images/x")) == (307, f"http://{HOST}/gone.html")
    assert place(page("/old/a%20b")) == (301, "https://old.example.com/old/a%20b")
    assert place(page("/app/x")) == (302, "http://app.example.com/#!/x")
    assert page("/other").status_code == 404
    assert page("/").text == "<index.html>"


def test_objects_that_redirect(site, page, s3):
    """ "Setting page redirects": of an object, to another of the bucket or elsewhere; the REST endpoint gives the object."""
    site(["index.html"])
    s3.put_object(Bucket="site", Key="a", Body=b"body", WebsiteRedirectLocation="/b")
    s3.put_object(Bucket="site", Key="c", WebsiteRedirectLocation="https://example.com/d")
    assert place(page("/a")) == (301, "/b")
    assert place(page("/c")) == (301, "https://example.com/d")
    assert s3.get_object(Bucket="site", Key="a")["Body"].read() == b"body"


def test_what_is_no_website(page, s3):
    answer = page("/")
    assert answer.status_code == 404
    assert "<li>Code: NoSuchWebsiteConfiguration</li>" in answer.text and "<li>BucketName: site</li>" in answer.text
    answer = page("/", host=HOST.replace("site.", "nowhere.", 1))
    assert answer.status_code == 404 and "<li>Code: NoSuchBucket</li>" in answer.text
    assert page("/", "PUT").status_code == 405
