"""The commands of `aws s3` (AWS CLI User Guide, "Using high-level (s3) commands in the AWS CLI")."""

import json
import os
import urllib.error
import urllib.request

import pytest

MIB = 1024 * 1024


@pytest.fixture
def s3(cli, variant):
    if variant not in ("memory", "tls"):
        pytest.skip("the CLI takes a second a command, and meets there what the SDK meets")
    return lambda *arguments, code=0: cli("s3", *arguments, code=code)


@pytest.fixture
def folder(tmp_path):
    """Files of all kinds: nested, empty, with odd names, and one that goes in parts."""
    root = tmp_path / "from"
    bodies = {
        "a.txt": b"first",
        "empty": b"",
        "below/b.txt": b"second",
        "below/deeper/c d+e&\u00fc.txt": b"odd",
        "large": os.urandom(17 * MIB + 5),
    }
    for name, body in bodies.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root, bodies


def files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def names(listing):
    """The names in what `ls --recursive` prints: date, time, size, name."""
    return [line.split(maxsplit=3)[3] for line in listing.splitlines()]


def test_folders_are_synchronised(s3, folder, tmp_path):
    root, bodies = folder
    s3("mb", "s3://mirror")
    assert s3("ls").split()[-1] == "mirror"
    s3("sync", root, "s3://mirror/copy", "--only-show-errors")
    assert names(s3("ls", "--recursive", "s3://mirror")) == sorted(f"copy/{name}" for name in bodies)
    assert s3("sync", root, "s3://mirror/copy") == "", "nothing has changed"
    back = tmp_path / "back"
    s3("sync", "s3://mirror/copy", back, "--only-show-errors")
    assert files(back) == bodies
    (root / "a.txt").unlink()
    (root / "new").write_bytes(b"new")
    done = s3("sync", root, "s3://mirror/copy", "--delete", "--no-progress")
    assert "delete: s3://mirror/copy/a.txt" in done and "s3://mirror/copy/new" in done and len(done.strip().splitlines()) == 2
    # From bucket to bucket: copies, that of the large object in parts.
    s3("mb", "s3://other")
    s3("sync", "s3://mirror", "s3://other", "--only-show-errors")
    assert s3("ls", "--recursive", "--summarize", "s3://other").split("Total")[1].split() == ["Objects:", "5"]
    s3("cp", "s3://other/copy/large", back / "again", "--only-show-errors")
    assert (back / "again").read_bytes() == bodies["large"]
    assert "BucketNotEmpty" in s3("rb", "s3://mirror", code=1)
    s3("rb", "--force", "s3://mirror")
    assert s3("ls").split()[2:] == ["other"]


def test_single_files(s3, cli, tmp_path):
    s3("mb", "s3://single")
    file = tmp_path / "page.html"
    file.write_text("<p>page</p>")
    s3("cp", file, "s3://single/", "--metadata", "made=here", "--cache-control", "max-age=60", "--storage-class", "STANDARD_IA")
    assert s3("ls", "s3://single/page.html").split()[2:] == ["11", "page.html"]
    head = cli("s3api", "head-object", "--bucket", "single", "--key", "page.html", "--query", "[ContentType,Metadata.made,CacheControl,StorageClass]", "--output", "text")
    assert head.split() == ["text/html", "here", "max-age=60", "STANDARD_IA"]
    assert s3("cp", "s3://single/page.html", "-") == "<p>page</p>"
    s3("mv", "s3://single/page.html", "s3://single/moved/page.html")
    assert s3("ls", "s3://single").split() == ["PRE", "moved/"]
    s3("mv", "s3://single/moved/page.html", tmp_path / "back.html")
    assert (tmp_path / "back.html").read_text() == "<p>page</p>"
    assert "404" in s3("cp", "s3://single/page.html", tmp_path, code=1)
    s3("cp", tmp_path, "s3://single/all", "--recursive", "--exclude", "*", "--include", "*.html")
    s3("rm", "s3://single/all", "--recursive", "--exclude", "page*")
    assert names(s3("ls", "--recursive", "s3://single")) == ["all/page.html"]
    s3("rm", "s3://single/all/page.html")
    s3("rb", "s3://single")
    assert "NoSuchBucket" in s3("ls", "s3://single", code=255)


def test_a_link_that_expires(s3, tmp_path, variant):
    if variant == "tls":
        pytest.skip("a link over TLS needs the certificate authority to be known to whoever opens it")
    s3("mb", "s3://links")
    (tmp_path / "file").write_text("for all")
    s3("cp", tmp_path / "file", "s3://links/file")
    url = s3("presign", "s3://links/file", "--expires-in", "60").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"for all"


def test_a_website(s3, cli, tmp_path, server, world):
    """User Guide, "Hosting a static website using Amazon S3": an index document, and one for errors."""
    s3("mb", "s3://site")
    for name in ("index.html", "error.html"):
        (tmp_path / name).write_text(name)
        s3("cp", tmp_path / name, f"s3://site/{name}")
    cli("s3api", "delete-public-access-block", "--bucket", "site")
    readers = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::site", "arn:aws:s3:::site/*"]}
    cli("s3api", "put-bucket-policy", "--bucket", "site", "--policy", json.dumps({"Version": "2012-10-17", "Statement": [readers]}))
    s3("website", "s3://site", "--index-document", "index.html", "--error-document", "error.html")

    def page(path):
        request = urllib.request.Request(f"{server.url}{path}", headers={"Host": "site.s3-website-us-east-1.amazonaws.com", "x-kumoi-world": world})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    assert page("/") == (200, "index.html")
    assert page("/missing") == (404, "error.html")
