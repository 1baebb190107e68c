//! The home's configuration, `config.yaml` in its folder: what images stand for on this machine.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use anyhow::Context;
use platform::cluster::node::Image;
use serde::Deserialize;

/// What a person may configure; an unknown name is refused.
///
/// ```yaml
/// images:
///   pytorch/pytorch:            # any tag; name:tag for one of them
///     path: /opt/venvs/torch    # its bin is searched first
///     env: {CUDA_HOME: /usr/local/cuda}
///     command: [python, main.py] # for containers that bring none
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// What an image name stands for.
    pub(super) images: BTreeMap<String, Image>,
}

/// Reads the file; without one, nothing is configured.
pub(super) fn read(path: &Path) -> anyhow::Result<Config> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        other => other.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    if text.trim().is_empty() {
        return Ok(Config::default());
    }
    serde_saphyr::from_str(&text).with_context(|| format!("{} cannot be used", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn images_are_read_and_unknown_names_refused() {
        assert_eq!(read(Path::new("/nowhere/config.yaml")).unwrap(), Config::default());
        assert_eq!(check("").unwrap(), Config::default());
        let config = check("images: {'a/b:1': {path: /opt/x, command: [python]}}").unwrap();
        let image = &config.images["a/b:1"];
        assert_eq!(image.path.as_deref(), Some(Path::new("/opt/x")));
        assert_eq!(image.command.as_deref(), Some(&["python".to_owned()][..]));
        let told = check("imagse: {}").unwrap_err();
        assert!(told.contains("config.yaml") && told.contains("imagse"), "{told}");
    }
}
