//! KatibConfig: which algorithms are served by whom, and the collector's image. Read anew on each
//! use, as Katib does.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::controllers::Settings;

/// Namespace of the ConfigMap, unless the settings say otherwise.
pub const NAMESPACE: &str = "kubeflow";
/// Name of the ConfigMap.
pub const NAME: &str = "katib-config";
/// Key in the ConfigMap.
pub const KEY: &str = "katib-config.yaml";

/// Where the configuration is.
#[derive(Clone)]
pub struct Config {
    client: Client,
    file: Option<PathBuf>,
    namespace: String,
}

/// What of the configuration concerns us; the rest is left alone.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct KatibConfig {
    runtime: Runtime,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Runtime {
    suggestions: Vec<Service>,
    early_stoppings: Vec<Service>,
    /// The image with our collector. (Qalam's own: Katib's collectors speak another language.)
    collector_image: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Service {
    algorithm_name: String,
    /// `host:port` of a running server. (Qalam's own; Katib knows only images.)
    address: String,
}

impl Config {
    /// The configuration that the settings name.
    pub fn new(client: Client, settings: &Settings) -> Config {
        let namespace = settings.core_namespace.clone();
        Config { client, file: settings.katib_config.clone(), namespace }
    }

    /// The address of the server for an algorithm; none when it is searched in process.
    ///
    /// Errors: a sentence, when there is a configuration that cannot be read.
    pub async fn address(&self, algorithm: &str) -> Result<Option<String>, String> {
        self.text().await?.map_or(Ok(None), |it| address(&it, algorithm))
    }

    /// The same for the server of an early-stopping rule.
    ///
    /// Errors: as [`Config::address`].
    pub async fn stopping_address(&self, rule: &str) -> Result<Option<String>, String> {
        self.text().await?.map_or(Ok(None), |it| stopping_address(&it, rule))
    }

    /// The image with our collector, for pods whose own image lacks it; none at home.
    ///
    /// Errors: as [`Config::address`].
    pub async fn collector_image(&self) -> Result<Option<String>, String> {
        let Some(text) = self.text().await? else { return Ok(None) };
        let image = parsed(&text)?.runtime.collector_image;
        Ok((!image.is_empty()).then_some(image))
    }

    /// The configuration as the ConfigMap that admission looks up, wherever it is kept.
    ///
    /// Errors: as [`Config::address`].
    pub async fn map(&self) -> Result<Option<Value>, String> {
        Ok(self.text().await?.map(|text| json!({ "data": { KEY: text } })))
    }

    async fn text(&self) -> Result<Option<String>, String> {
        if let Some(file) = &self.file {
            let read = tokio::fs::read_to_string(file).await;
            return Ok(Some(read.map_err(|why| format!("{}: {why}", file.display()))?));
        }
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let map = api.get_opt(NAME).await.map_err(|why| why.to_string())?;
        Ok(map.and_then(|it| it.data).and_then(|mut it| it.remove(KEY)))
    }
}

fn address(text: &str, algorithm: &str) -> Result<Option<String>, String> {
    Ok(named(parsed(text)?.runtime.suggestions, algorithm))
}

/// The address of the server that a configuration names for an early-stopping rule.
///
/// Errors: a sentence, when the configuration cannot be read.
pub fn stopping_address(text: &str, rule: &str) -> Result<Option<String>, String> {
    Ok(named(parsed(text)?.runtime.early_stoppings, rule))
}

fn named(services: Vec<Service>, name: &str) -> Option<String> {
    let found = services.into_iter().find(|it| it.algorithm_name == name && !it.address.is_empty());
    found.map(|it| it.address)
}

fn parsed(text: &str) -> Result<KatibConfig, String> {
    serde_saphyr::from_str(text).map_err(|why| format!("{KEY}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_by_name_and_images_are_left_alone() {
        let text = "
apiVersion: config.kubeflow.org/v1beta1
kind: KatibConfig
runtime:
  suggestions:
  - {algorithmName: random, image: some/image}
  - {algorithmName: mine, address: 'localhost:6789'}
  earlyStoppings:
  - {algorithmName: medianstop, address: 'localhost:6788'}
  collectorImage: collector:1
";
        assert_eq!(parsed(text).unwrap().runtime.collector_image, "collector:1");
        assert_eq!(address(text, "mine"), Ok(Some("localhost:6789".into())));
        assert_eq!(address(text, "random"), Ok(None));
        assert_eq!(stopping_address(text, "medianstop"), Ok(Some("localhost:6788".into())));
        assert_eq!(stopping_address(text, "mine"), Ok(None));
        assert_eq!(address("{}", "mine"), Ok(None));
        assert!(address("runtime: 3", "mine").is_err());
    }
}
