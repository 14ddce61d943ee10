//! TLS: an authority of the server's own, and a certificate for each name that a client asks for.
//!
//! The authority is made on the first TLS connection, or when its certificate is asked for at `/_kumoi/ca.pem`, and kept in a
//! directory, so that a client needs to trust it only once. Its key never leaves this machine, and its certificate may sign
//! nothing but leaf certificates.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kumoi_core::clock::real_time;
use parking_lot::Mutex;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, ServerConnection};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be offered.
type TlsError = Box<dyn std::error::Error + Send + Sync>;

const DAY: u64 = 86_400;
const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca.key";

/// TLS, made on first use.
pub(crate) struct Tls {
    dir: Option<PathBuf>,
    file: Option<PathBuf>,
    authority: OnceLock<Option<Arc<Authority>>>,
    acceptor: OnceLock<Option<TlsAcceptor>>,
}

impl Tls {
    pub(crate) fn new(dir: Option<PathBuf>, file: Option<PathBuf>) -> Self {
        Self { dir, file, authority: OnceLock::new(), acceptor: OnceLock::new() }
    }

    /// The authority's certificate in PEM, for clients to trust; `None` when it could not be made.
    pub(crate) fn ca_pem(&self) -> Option<&str> {
        self.authority().map(|authority| authority.pem.as_str())
    }

    /// What turns a connection into one over TLS; `None`, with a line in the log, when that cannot be had.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        let acceptor =
            self.acceptor.get_or_init(|| logged("TLS is not available", self.config()).map(TlsAcceptor::from));
        acceptor.clone()
    }

    fn authority(&self) -> Option<&Arc<Authority>> {
        let made = self.authority.get_or_init(|| {
            logged("the certificate authority could not be made", Authority::open(self.dir.as_deref())).map(Arc::new)
        });
        made.as_ref()
    }

    fn config(&self) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        let resolver: Arc<dyn ResolvesServerCert> = match &self.file {
            Some(file) => Arc::new(Fixed(read_certified_key(file)?)),
            None => Arc::new(Minting::new(self.authority().ok_or("there is no authority")?.clone())?),
        };
        let builder = rustls::ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn logged<T>(what: &str, result: Result<T, TlsError>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(%error, "{what}")).ok()
}

/// The one provider of cryptography.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())).clone()
}

/// What a client and this server have agreed upon, in the words of OpenSSL.
pub(crate) fn agreed(connection: &ServerConnection) -> Option<kumoi_core::Tls> {
    use rustls::CipherSuite as Suite;
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => return None,
    };
    let cipher = match connection.negotiated_cipher_suite()?.suite() {
        Suite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        Suite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        Suite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => return None,
    };
    Some(kumoi_core::Tls { version, cipher })
}

/// A certificate authority.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority kept in `dir`, or a new one, which is then kept there. A directory that cannot be used, or that holds what is no
    /// authority, is left as it is and only means that the next start makes another one.
    fn open(dir: Option<&Path>) -> Result<Self, TlsError> {
        let kept = dir.map_or(Ok(None), Self::kept);
        if let Ok(Some(authority)) = kept {
            return Ok(authority);
        }
        let key = KeyPair::generate()?;
        let key_pem = key.serialize_pem();
        let certificate = authority_params()?.self_signed(&key)?.pem();
        let stored = kept.and_then(|_| Ok(dir.map_or(Ok(()), |dir| keep(dir, &certificate, &key_pem))?));
        if let (Some(dir), Err(error)) = (dir, stored) {
            let dir = dir.display();
            tracing::warn!(%error, %dir, "the certificate authority is not kept; the next start makes another one");
        }
        Self::from_pem(certificate, &key_pem)
    }

    /// The authority in `dir`; `None` when there is none yet.
    fn kept(dir: &Path) -> Result<Option<Self>, TlsError> {
        let read = |file| std::fs::read_to_string(dir.join(file));
        match (read(CERTIFICATE_FILE), read(KEY_FILE)) {
            (Ok(certificate), Ok(key)) => Self::from_pem(certificate, &key).map(Some),
            (Err(error), _) | (_, Err(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(None),
        }
    }

    fn from_pem(pem: String, key: &str) -> Result<Self, TlsError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())?;
        let issuer = Issuer::from_ca_cert_pem(&pem, KeyPair::from_pem(key)?)?;
        Ok(Self { pem, der, issuer })
    }
}

fn authority_params() -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "kumoi local certificate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_life(&mut params, 3650);
    Ok(params)
}

/// From yesterday, for clients whose clock is a little behind, until `days` from now.
fn set_life(params: &mut CertificateParams, days: u64) {
    let now = u64::try_from(real_time().millis() / 1000).unwrap_or(0);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(DAY));
    params.not_after = epoch + Duration::from_secs(now + days * DAY);
}

/// Writes the authority down, its key readable by its owner alone.
fn keep(dir: &Path, certificate: &str, key: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::create_dir_all(dir)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(dir.join(KEY_FILE))?.write_all(key.as_bytes())?;
    std::fs::write(dir.join(CERTIFICATE_FILE), certificate)
}

/// Makes a certificate for each name that clients ask for.
struct Minting {
    authority: Arc<Authority>,
    key: KeyPair,
    minted: Mutex<Minted>,
}

/// The certificates in use.
#[derive(Default)]
struct Minted {
    by_name: HashMap<String, (u64, Arc<CertifiedKey>)>,
    uses: u64,
}

/// Most certificates that are kept; the one that was not used for longest makes room.
const KEPT: usize = 256;
/// The name of a client that names none.
const NAMELESS: &str = "localhost";
/// Days that a leaf lives; some clients refuse more than 825.
const LEAF_DAYS: u64 = 397;

impl Minting {
    fn new(authority: Arc<Authority>) -> Result<Self, TlsError> {
        Ok(Self { authority, key: KeyPair::generate()?, minted: Mutex::default() })
    }

    fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        if let Some(kept) = self.minted.lock().take(name) {
            return Some(kept);
        }
        let made = Arc::new(logged("a certificate could not be made", self.mint(name))?);
        self.minted.lock().keep(name, made.clone());
        Some(made)
    }

    fn mint(&self, name: &str) -> Result<CertifiedKey, TlsError> {
        // Names of this machine go in as well, since clients that connect by address send no name.
        let mut names = vec![name.to_owned()];
        names.extend(["localhost", "*.localhost"].iter().filter(|own| **own != name).map(|own| (*own).to_owned()));
        let mut params = CertificateParams::new(names)?;
        let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        params.subject_alt_names.extend(own.into_iter().map(SanType::IpAddress));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name.chars().take(64).collect::<String>());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_life(&mut params, LEAF_DAYS);
        let leaf = params.signed_by(&self.key, &self.authority.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = provider().key_provider.load_private_key(key)?;
        Ok(CertifiedKey::new(vec![leaf.der().clone(), self.authority.der.clone()], key))
    }
}

impl Minted {
    fn take(&mut self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.uses += 1;
        let (used, certificate) = self.by_name.get_mut(name)?;
        *used = self.uses;
        Some(certificate.clone())
    }

    fn keep(&mut self, name: &str, certificate: Arc<CertifiedKey>) {
        if self.by_name.len() >= KEPT {
            let oldest = self.by_name.iter().min_by_key(|(_, (used, _))| *used).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| self.by_name.remove(&oldest));
        }
        self.by_name.insert(name.to_owned(), (self.uses, certificate));
    }
}

impl ResolvesServerCert for Minting {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificate(hello.server_name().unwrap_or(NAMELESS))
    }
}

impl std::fmt::Debug for Minting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Minting")
    }
}

/// The operator's own certificate, whatever name is asked for.
#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Reads a PEM file with a private key and a chain of certificates, leaf first.
fn read_certified_key(file: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let explain = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read(file).map_err(|error| explain(&error))?;
    let chain =
        CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>().map_err(|error| explain(&error))?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| explain(&error))?;
    if chain.is_empty() {
        return Err(explain(&"there is no certificate in it").into());
    }
    Ok(Arc::new(CertifiedKey::new(chain, provider().key_provider.load_private_key(key)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_authority_is_the_same_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("ca");
        let first = Authority::open(Some(&dir)).unwrap();
        let second = Authority::open(Some(&dir)).unwrap();
        assert_eq!(first.pem, second.pem);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(dir.join(KEY_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_ne!(first.pem, Authority::open(None).unwrap().pem);
    }

    #[test]
    fn an_authority_that_cannot_be_kept_still_serves() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "not a directory").unwrap();
        assert!(Tls::new(Some(file.clone()), None).ca_pem().is_some());
        assert!(Tls::new(Some(file.join("below")), None).acceptor().is_some());
        std::fs::write(dir.path().join(CERTIFICATE_FILE), "damaged").unwrap();
        std::fs::write(dir.path().join(KEY_FILE), "damaged").unwrap();
        assert!(Tls::new(Some(dir.path().to_owned()), None).ca_pem().is_some());
        assert_eq!(std::fs::read_to_string(dir.path().join(KEY_FILE)).unwrap(), "damaged", "nothing is overwritten");
    }

    #[test]
    fn certificates_are_kept_within_a_bound() {
        let minting = Minting::new(Arc::new(Authority::open(None).unwrap())).unwrap();
        let first = minting.certificate("a.localhost").unwrap();
        assert!(Arc::ptr_eq(&first, &minting.certificate("a.localhost").unwrap()));
        for number in 0..KEPT {
            minting.certificate(&format!("{number}.localhost")).unwrap();
        }
        assert_eq!(minting.minted.lock().by_name.len(), KEPT);
        assert!(!Arc::ptr_eq(&first, &minting.certificate("a.localhost").unwrap()), "the oldest made room");
    }
}
