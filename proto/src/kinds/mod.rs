//! The custom resources of `kubeflow.org/v1beta1`, one a file, and what they share.

mod common;
mod experiment;
mod suggestion;
mod trial;

pub use common::*;
pub use experiment::*;
pub use suggestion::*;
pub use trial::*;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// API group of Katib's kinds.
pub const GROUP: &str = "kubeflow.org";
/// The one version that is served and stored.
pub const VERSION: &str = "v1beta1";

/// Label on trials, and on what runs for them: the experiment they belong to.
pub const EXPERIMENT_LABEL: &str = "katib.kubeflow.org/experiment";
/// Label on every pod of a trial: the trial's name.
pub const TRIAL_LABEL: &str = "katib.kubeflow.org/trial";

/// The definitions of all kinds in this folder, as `crds/*.yaml` holds them.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    [Experiment::crd(), Suggestion::crd(), Trial::crd()].map(keep_unknown_fields).into()
}

/// Unknown fields are kept and reported, not pruned: the schema says so at every level that a
/// person writes, as Katib's does.
fn keep_unknown_fields(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let schema = version.schema.as_mut().and_then(|it| it.open_api_v3_schema.as_mut());
        let Some(properties) = schema.and_then(|it| it.properties.as_mut()) else { continue };
        for part in ["spec", "status"] {
            if let Some(part) = properties.get_mut(part) {
                keep_below(part);
            }
        }
    }
    definition
}

type Schema = k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;

fn keep_below(schema: &mut Schema) {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray;
    let Some(properties) = schema.properties.as_mut() else {
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = schema.items.as_mut() {
            keep_below(items);
        }
        return;
    };
    properties.values_mut().for_each(keep_below);
    schema.x_kubernetes_preserve_unknown_fields = Some(true);
}
