//! Which kinds the API serves: the built-in ones, and those that definitions (CRDs) add live.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use serde_json::Value;

/// Group of CustomResourceDefinition.
pub const DEFINITIONS_GROUP: &str = "apiextensions.k8s.io";

/// One kind in one version, as it is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// Served version, such as `v1`.
    pub version: String,
    /// Kind name, such as `Pod`.
    pub kind: String,
    /// Name in paths, such as `pods`.
    pub plural: String,
    /// Name of one, such as `pod`.
    pub singular: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Short names that kubectl accepts.
    pub short_names: Vec<String>,
    /// Groups of kinds that kubectl accepts, such as `all`.
    pub categories: Vec<String>,
    /// What can be addressed below an object.
    pub subresources: Subresources,
    /// `openAPIV3Schema` of a defined kind.
    pub schema: Option<Arc<Value>>,
    /// `additionalPrinterColumns` of a defined kind.
    pub columns: Vec<Column>,
    /// Whether the kind is ours rather than a definition's.
    pub built_in: bool,
    /// Whether objects are answered and not kept, such as access reviews.
    pub create_only: bool,
    /// Fields, beside name and namespace, that a definition lets objects be selected by.
    pub selectable: Vec<String>,
    /// Under which name the store keeps it: `plural.group`, or `plural` in the core group.
    pub resource: String,
    /// The `apiVersion` that stored objects carry.
    pub stored_api_version: String,
}

/// What can be addressed below an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subresources {
    /// `…/status`: status is written there and only there.
    pub status: bool,
    /// `…/scale`.
    pub scale: Option<Scale>,
}

/// Where a kind keeps what `…/scale` shows; JSON paths such as `.spec.replicas`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The wanted count.
    pub spec_path: String,
    /// The observed count.
    pub status_path: String,
    /// The selector, in text form; none where the kind has none.
    pub selector_path: Option<String>,
}

/// One printer column of a defined kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub r#type: String,
    /// JSON path of the value, such as `.status.phase`.
    pub json_path: String,
    /// 0 is always shown, more only in wide output.
    pub priority: i64,
}

impl Kind {
    /// `group/version`, or `version` in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        join_api_version(&self.group, &self.version)
    }

    /// `plural.group`, or `plural` in the core group: how messages name the kind.
    #[must_use]
    pub fn qualified(&self) -> String {
        join_resource(&self.plural, &self.group)
    }

    /// Whether this is that kind of the core group or of the group named.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

/// All kinds served now.
#[derive(Debug)]
pub struct Registry {
    built_in: Vec<Arc<Kind>>,
    defined: RwLock<Vec<Arc<Kind>>>,
    revision: AtomicU64,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry {
            built_in: built_in_kinds(),
            defined: RwLock::default(),
            revision: AtomicU64::new(1),
        }
    }
}

impl Registry {
    /// Every kind: the built-in ones, then the defined ones by group and newest version first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Kind>> {
        self.built_in.iter().chain(self.defined.read().iter()).cloned().collect()
    }

    /// The kind under this path, if it is served.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let wanted =
            |it: &&Arc<Kind>| it.plural == plural && it.group == group && it.version == version;
        let built_in = self.built_in.iter().find(wanted).cloned();
        built_in.or_else(|| self.defined.read().iter().find(wanted).cloned())
    }

    /// Grows with every change; whoever derives something from the kinds may keep it until then.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Serves exactly what these definitions define, and the built-in kinds.
    pub fn define(&self, definitions: &[Value]) {
        let mut kinds: Vec<Kind> = definitions.iter().flat_map(kinds_of).collect();
        kinds.sort_by(|a, b| {
            let by_name = (&a.group, &a.plural).cmp(&(&b.group, &b.plural));
            by_name.then(version_rank(&b.version).cmp(&version_rank(&a.version)))
        });
        *self.defined.write() = kinds.into_iter().map(Arc::new).collect();
        self.revision.fetch_add(1, Ordering::AcqRel);
    }
}

/// The kinds, one a served version, that a definition defines.
fn kinds_of(definition: &Value) -> Vec<Kind> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let group = text(&spec["group"]);
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().find(|it| it["storage"] == true).map(|it| text(&it["name"]));
    let stored = stored.unwrap_or_default();
    let served = versions.iter().filter(|it| it["served"] == true);
    served
        .map(|version| Kind {
            group: group.clone(),
            version: text(&version["name"]),
            kind: text(&names["kind"]),
            plural: text(&names["plural"]),
            singular: match text(&names["singular"]) {
                name if name.is_empty() => text(&names["kind"]).to_lowercase(),
                name => name,
            },
            namespaced: spec["scope"] != "Cluster",
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            subresources: subresources_of(&version["subresources"]),
            schema: version["schema"].get("openAPIV3Schema").cloned().map(Arc::new),
            columns: columns_of(&version["additionalPrinterColumns"]),
            selectable: selectable_of(&version["selectableFields"]),
            built_in: false,
            create_only: false,
            resource: join_resource(&text(&names["plural"]), &group),
            stored_api_version: join_api_version(&group, &stored),
        })
        .collect()
}

fn subresources_of(value: &Value) -> Subresources {
    let scale = value.get("scale").map(|scale| Scale {
        spec_path: text(&scale["specReplicasPath"]),
        status_path: text(&scale["statusReplicasPath"]),
        selector_path: scale["labelSelectorPath"].as_str().map(str::to_owned),
    });
    Subresources { status: value.get("status").is_some(), scale }
}

fn selectable_of(value: &Value) -> Vec<String> {
    let paths = value.as_array().into_iter().flatten().map(|it| text(&it["jsonPath"]));
    paths.map(|it| it.trim_start_matches('.').to_owned()).collect()
}

fn columns_of(value: &Value) -> Vec<Column> {
    let columns = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let column = |it: &Value| Column {
        name: text(&it["name"]),
        r#type: text(&it["type"]),
        json_path: text(&it["jsonPath"]),
        priority: it["priority"].as_i64().unwrap_or_default(),
    };
    columns.iter().map(column).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().map(|it| it.iter().map(text).collect()).unwrap_or_default()
}

pub(super) fn join_api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

pub(super) fn join_resource(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}

/// Order of versions as Kubernetes ranks them: GA, then beta, then alpha, larger numbers first.
fn version_rank(version: &str) -> (u8, u64, u64) {
    let digits = |text: &str| text.parse::<u64>().ok();
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    for (stage, rank) in [("alpha", 1), ("beta", 2)] {
        if let Some((major, minor)) = rest.split_once(stage) {
            return (rank, digits(major).unwrap_or(0), digits(minor).unwrap_or(0));
        }
    }
    digits(rest).map_or((0, 0, 0), |major| (3, major, 0))
}

/// (group, version, kind, plural, namespaced, short names, has a status, is in category `all`)
type Row = (&'static str, &'static str, &'static str, &'static str, bool, &'static str, bool, bool);

const RBAC: &str = "rbac.authorization.k8s.io";

const ACCESS: &str = "authorization.k8s.io";
const IDENTITY: &str = "authentication.k8s.io";

const BUILT_IN: &[Row] = &[
    ("", "v1", "ConfigMap", "configmaps", true, "cm", false, false),
    ("", "v1", "Endpoints", "endpoints", true, "ep", false, false),
    ("", "v1", "Event", "events", true, "ev", false, false),
    ("", "v1", "LimitRange", "limitranges", true, "limits", false, false),
    ("", "v1", "Namespace", "namespaces", false, "ns", true, false),
    ("", "v1", "Node", "nodes", false, "no", true, false),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, "pvc", true, false),
    ("", "v1", "Pod", "pods", true, "po", true, true),
    ("", "v1", "ResourceQuota", "resourcequotas", true, "quota", true, false),
    ("", "v1", "Secret", "secrets", true, "", false, false),
    ("", "v1", "ServiceAccount", "serviceaccounts", true, "sa", false, false),
    ("", "v1", "Service", "services", true, "svc", true, true),
    (
        DEFINITIONS_GROUP,
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
        "crd,crds",
        true,
        false,
    ),
    ("apps", "v1", "ControllerRevision", "controllerrevisions", true, "", false, false),
    ("apps", "v1", "Deployment", "deployments", true, "deploy", true, true),
    ("apps", "v1", "ReplicaSet", "replicasets", true, "rs", true, true),
    ("apps", "v1", "StatefulSet", "statefulsets", true, "sts", true, true),
    (IDENTITY, "v1", "SelfSubjectReview", "selfsubjectreviews", false, "", false, false),
    (IDENTITY, "v1", "TokenReview", "tokenreviews", false, "", false, false),
    (ACCESS, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", true, "", false, false),
    (ACCESS, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false, "", false, false),
    (ACCESS, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false, "", false, false),
    (ACCESS, "v1", "SubjectAccessReview", "subjectaccessreviews", false, "", false, false),
    ("batch", "v1", "CronJob", "cronjobs", true, "cj", true, true),
    ("batch", "v1", "Job", "jobs", true, "", true, true),
    ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, "", false, false),
    ("coordination.k8s.io", "v1", "Lease", "leases", true, "", false, false),
    ("events.k8s.io", "v1", "Event", "events", true, "ev", false, false),
    (RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false, "", false, false),
    (RBAC, "v1", "ClusterRole", "clusterroles", false, "", false, false),
    (RBAC, "v1", "RoleBinding", "rolebindings", true, "", false, false),
    (RBAC, "v1", "Role", "roles", true, "", false, false),
];

fn built_in_kinds() -> Vec<Arc<Kind>> {
    BUILT_IN.iter().map(|row| Arc::new(built_in_kind(row))).collect()
}

fn built_in_kind(&(group, version, kind, plural, namespaced, short, status, all): &Row) -> Kind {
    // Events have two faces (core and events.k8s.io) over one stored object, the core one.
    let stored_group = if group == "events.k8s.io" { "" } else { group };
    let scales = ["Deployment", "ReplicaSet", "StatefulSet"].contains(&kind);
    let scale = scales.then(|| Scale {
        spec_path: ".spec.replicas".into(),
        status_path: ".status.replicas".into(),
        selector_path: Some(".spec.selector".into()),
    });
    Kind {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        plural: plural.into(),
        singular: kind.to_lowercase(),
        namespaced,
        short_names: short.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        categories: if all { vec!["all".into()] } else { Vec::new() },
        subresources: Subresources { status, scale },
        schema: None,
        columns: Vec::new(),
        built_in: true,
        create_only: [ACCESS, IDENTITY].contains(&group),
        selectable: Vec::new(),
        resource: join_resource(plural, stored_group),
        stored_api_version: join_api_version(stored_group, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_rank_as_kubernetes_ranks_them() {
        let mut versions = ["v1alpha1", "v2", "v1beta2", "v10", "odd", "v1beta1", "v1"];
        versions.sort_by_key(|it| std::cmp::Reverse(version_rank(it)));
        assert_eq!(versions, ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "odd"]);
    }

    #[test]
    fn a_definition_is_served_in_each_served_version() {
        let registry = Registry::default();
        let before = registry.revision();
        registry.define(&[json!({"spec": {
            "group": "x.io", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}},
                {"name": "v1beta1", "served": true, "storage": false},
                {"name": "v1alpha1", "served": false, "storage": false},
            ],
        }})]);
        assert!(before < registry.revision());
        let beta = registry.find("x.io", "v1beta1", "things").unwrap();
        assert_eq!((beta.resource.as_str(), beta.singular.as_str()), ("things.x.io", "thing"));
        assert_eq!(beta.stored_api_version, "x.io/v1");
        assert!(registry.find("x.io", "v1", "things").unwrap().subresources.status);
        assert_eq!(registry.find("x.io", "v1alpha1", "things"), None);
        registry.define(&[]);
        assert_eq!(registry.find("x.io", "v1", "things"), None);
        assert!(registry.find("", "v1", "pods").is_some());
    }
}
