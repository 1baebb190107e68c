//! The kubeconfig of the home: address and token, in the form that every Kubernetes client reads.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::config::Kubeconfig;
use serde_json::json;
use uuid::Uuid;

use super::state::write_private;

/// The token of an earlier kubeconfig, so that clients outlive a restart; else a new one.
pub(super) fn token(path: &Path) -> String {
    let old = Kubeconfig::read_from(path).ok().and_then(|config| {
        let user = config.auth_infos.into_iter().find_map(|it| it.auth_info)?;
        let token = serde_json::to_value(&user).ok()?["token"].as_str()?.to_owned();
        (32 <= token.len()).then_some(token)
    });
    old.unwrap_or_else(|| format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
}

/// Writes the kubeconfig for `address`, whose certificate `authority` (PEM) has signed; its owner
/// alone may read it.
pub(super) fn write(path: &Path, address: &str, authority: &str, token: &str) -> io::Result<()> {
    let authority = BASE64.encode(authority);
    // JSON is YAML.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "qalam",
        "clusters": [{"name": "qalam", "cluster": {
            "server": format!("https://{address}"), "certificate-authority-data": authority,
        }}],
        "users": [{"name": "qalam", "user": {"token": token}}],
        "contexts": [{
            "name": "qalam",
            "context": {"cluster": "qalam", "user": "qalam", "namespace": "default"},
        }],
    });
    write_private(path, &serde_json::to_vec_pretty(&config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let first = token(&path);
        assert_eq!(first.len(), 64);
        assert_ne!(first, token(&path));
        write(&path, "127.0.0.1:7460", "pem", &first).unwrap();
        assert_eq!(token(&path), first);
        let config = Kubeconfig::read_from(&path).unwrap();
        let cluster = config.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:7460"));
    }
}
