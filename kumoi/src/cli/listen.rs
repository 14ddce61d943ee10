//! Addresses to listen on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

/// Reads `HOST:PORT`, `HOST`, `:PORT` or `PORT`. What is left out comes from `default`.
///
/// A host name stands for all of its addresses, except that `localhost` is IPv4 loopback alone: clients try both, and a second
/// socket would cost without serving anyone.
pub(crate) fn addresses(text: &str, default: SocketAddr) -> Result<Vec<SocketAddr>, String> {
    let text = text.trim();
    let (host, port) = split(text, default.port())?;
    match host {
        "" => Ok(vec![SocketAddr::new(default.ip(), port)]),
        "localhost" => Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]),
        host => match host.parse::<IpAddr>() {
            Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
            Err(_) => {
                let found = (host, port).to_socket_addrs();
                Ok(found.map_err(|error| format!("'{host}' is no address of this machine: {error}"))?.collect())
            }
        },
    }
}

fn split(text: &str, default: u16) -> Result<(&str, u16), String> {
    let port = |port: &str| port.parse().map_err(|_| format!("'{port}' is no port; give a number from 0 to 65535"));
    if text.is_empty() {
        return Err("an address is empty; give one such as 127.0.0.1:4566".into());
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| format!("'{text}' lacks a ']'"))?;
        return match rest.strip_prefix(':') {
            Some(given) => Ok((host, port(given)?)),
            None if rest.is_empty() => Ok((host, default)),
            None => Err(format!("'{rest}' is no port")),
        };
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(("", port(text)?));
    }
    match text.rsplit_once(':') {
        // More colons than one, and no brackets: an IPv6 address without a port.
        Some((host, _)) if host.contains(':') => Ok((text, default)),
        Some((host, given)) => Ok((host, port(given)?)),
        None => Ok((text, default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4566);

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0", "0.0.0.0:4566"),
            (":5000", "127.0.0.1:5000"),
            ("5000", "127.0.0.1:5000"),
            ("localhost:5000", "127.0.0.1:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("[::]", "[::]:4566"),
            ("::1", "[::1]:4566"),
            (" 127.0.0.1:0 ", "127.0.0.1:0"),
        ] {
            assert_eq!(addresses(text, DEFAULT).unwrap(), [expected.parse().unwrap()], "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "127.0.0.1:", "127.0.0.1:99999", "[::1", "[::1]5000", "a b:1"] {
            assert!(addresses(text, DEFAULT).is_err(), "{text}");
        }
    }
}
