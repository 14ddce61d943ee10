"""Sends botocore's requests over HTTP/2."""

import io
import ssl
import threading

import httpx
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

# RFC 9113, 8.2.2: these belong to HTTP/1.1 connections and must not be sent over HTTP/2.
CONNECTION_HEADERS = {"connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection", "expect", "host"}


class _Body(io.BytesIO):
    def stream(self, **_):
        yield self.read()


class H2Session:
    """Stands in for botocore's `URLLib3Session`. It fails rather than fall back to HTTP/1.1.

    Each thread has a connection of its own: on a shared one httpx lets the thread that reads hold up all others, so that a long poll would
    keep the answer to another call until it ends itself.
    """

    def __init__(self, verify):
        """`verify` is the file with the certificate authority to trust."""
        self.context = ssl.create_default_context(cafile=verify)
        self.kept = threading.local()

    @property
    def client(self):
        if not hasattr(self.kept, "client"):
            self.kept.client = httpx.Client(http1=False, http2=True, verify=self.context, timeout=70)
        return self.kept.client

    def send(self, request):
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in CONNECTION_HEADERS]
        try:
            answer = self.client.request(request.method, request.url, headers=headers, content=request.body)
        except httpx.TimeoutException as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except httpx.ConnectError as error:
            raise EndpointConnectionError(endpoint_url=request.url, error=error) from error
        except httpx.HTTPError as error:
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        assert answer.http_version == "HTTP/2"
        return AWSResponse(request.url, answer.status_code, answer.headers, _Body(answer.content))

    def close(self):
        self.client.close()
