"""Host names that SDKs make of the endpoint's: they need not resolve."""

from urllib.parse import urlsplit, urlunsplit


def keep_endpoint(client, endpoint, named="localhost"):
    """Connects to the endpoint whatever is put in front of its host, and says the whole name, below `named`, in the `Host` header."""
    host = urlsplit(endpoint).hostname

    def move(request, **_):
        url = urlsplit(request.url)
        front = url.hostname.removesuffix(host)
        if front and url.hostname != host:
            request.headers["Host"] = f"{front}{named}:{url.port}"
            request.url = urlunsplit(url._replace(netloc=f"{host}:{url.port}"))

    client.meta.events.register("before-sign", move)
    return client
