//! The home's certificate: made on first use, kept beside the kubeconfig that trusts it.
//!
//! kubectl sends its token only where TLS protects it, so the home speaks TLS even on loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::state::write_private;

/// Names under which the home is reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a server shows, and what its clients trust.
pub(super) struct Identity {
    /// For the listener.
    pub(super) config: Arc<ServerConfig>,
    /// The authority's certificate, as PEM.
    pub(super) authority: String,
}

/// Reads the identity kept in `folder`, or makes one. The authority's key is not kept: nothing
/// else is ever signed with it.
pub(super) fn identity(folder: &Path) -> anyhow::Result<Identity> {
    match read(folder) {
        Ok(identity) => Ok(identity),
        Err(_) => {
            make(folder).with_context(|| format!("no certificate in {}", folder.display()))?;
            read(folder)
        }
    }
}

fn paths(folder: &Path) -> [PathBuf; 3] {
    ["ca.pem", "server.pem", "server.key"].map(|name| folder.join(name))
}

fn read(folder: &Path) -> anyhow::Result<Identity> {
    let [ca, server, key] = paths(folder);
    let chain: Vec<_> = CertificateDer::pem_file_iter(server)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity { config: Arc::new(config), authority: std::fs::read_to_string(ca)? })
}

fn make(folder: &Path) -> anyhow::Result<()> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name.push(DnType::CommonName, "qalam home authority");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(NAMES.map(String::from).to_vec())?;
    server.distinguished_name.push(DnType::CommonName, "qalam home");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;

    std::fs::create_dir_all(folder)?;
    let [ca_path, server_path, key_path] = paths(folder);
    write_private(&ca_path, authority_certificate.pem().as_bytes())?;
    write_private(&server_path, certificate.pem().as_bytes())?;
    write_private(&key_path, key.serialize_pem().as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = identity(folder.path()).unwrap();
        let second = identity(folder.path()).unwrap();
        assert_eq!(first.authority, second.authority);
        std::fs::write(folder.path().join("server.pem"), "garbage").unwrap();
        assert_ne!(identity(folder.path()).unwrap().authority, first.authority);
    }
}
