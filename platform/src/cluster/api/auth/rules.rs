//! What roles and their bindings allow a user, and which rights a user may grant.

use http::Method;
use serde_json::{Value, json};

use super::super::kinds::Kind;
use super::super::request::{Query, Target};
use super::super::selectors::label_selector_matches;
use super::super::status::Status;
use super::User;
use crate::cluster::store::{Key, Store};

const GROUP: &str = "rbac.authorization.k8s.io";
const ROLES: &str = "roles.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";

/// What somebody wants to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wish {
    pub(super) verb: String,
    pub(super) group: String,
    /// `pods`, or `pods/log`.
    pub(super) resource: String,
    /// None for the whole cluster.
    pub(super) namespace: Option<String>,
    /// None where it is about no single object.
    pub(super) name: Option<String>,
    /// A path outside the kinds, in place of all of the above but the verb.
    pub(super) path: Option<String>,
}

impl Wish {
    pub(super) fn of(method: &Method, target: &Target, query: &Query) -> Wish {
        let one = target.name.is_some();
        let verb = match method.as_str() {
            "GET" if query.flag("watch") => "watch",
            "GET" if one => "get",
            "GET" => "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if one => "delete",
            "DELETE" => "deletecollection",
            other => other,
        };
        let kind = &target.kind;
        let resource = match &target.subresource {
            Some(part) => format!("{}/{part}", kind.plural),
            None => kind.plural.clone(),
        };
        // As on a real server, a list of one name is about that name.
        let listed = query.text("fieldSelector").and_then(|it| it.strip_prefix("metadata.name="));
        let listed = listed.filter(|it| !it.contains(','));
        Wish {
            verb: verb.to_owned(),
            group: kind.group.clone(),
            resource,
            namespace: target.namespace.clone(),
            name: target.name.as_deref().or(listed).map(str::to_owned),
            path: None,
        }
    }
}

/// Whether the user may.
pub(super) fn allows(store: &Store, user: &User, wish: &Wish) -> bool {
    user.is_master()
        || rules_of(store, user, wish.namespace.as_deref()).iter().any(|it| covers(it, wish))
}

/// The rules that hold for a user in a namespace, or in the whole cluster.
pub(super) fn rules_of(store: &Store, user: &User, namespace: Option<&str>) -> Vec<Value> {
    let mut rules = Vec::new();
    if user.is_master() {
        rules.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        rules.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    for binding in store.list(CLUSTER_BINDINGS, None, None, usize::MAX).items {
        let binding = binding.value();
        if names(&binding, user, "") {
            rules.extend(role_rules(store, &binding["roleRef"], ""));
        }
    }
    if let Some(namespace) = namespace {
        for binding in store.list(BINDINGS, Some(namespace), None, usize::MAX).items {
            let binding = binding.value();
            if names(&binding, user, namespace) {
                rules.extend(role_rules(store, &binding["roleRef"], namespace));
            }
        }
    }
    rules
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether the binding is about that user.
fn names(binding: &Value, user: &User, namespace: &str) -> bool {
    list(&binding["subjects"]).iter().any(|subject| {
        let name = subject["name"].as_str().unwrap_or_default();
        match subject["kind"].as_str() {
            Some("User") => name == user.name,
            Some("Group") => user.groups.iter().any(|it| it == name),
            Some("ServiceAccount") => {
                let place = subject["namespace"].as_str().unwrap_or(namespace);
                user.name == format!("system:serviceaccount:{place}:{name}")
            }
            _ => false,
        }
    })
}

/// The rules of a role, with those that it takes in from others by their labels.
fn role_rules(store: &Store, reference: &Value, namespace: &str) -> Vec<Value> {
    let name = reference["name"].as_str().unwrap_or_default();
    let cluster = reference["kind"] == "ClusterRole";
    let key = match cluster {
        true => Key::new(CLUSTER_ROLES, "", name),
        false => Key::new(ROLES, namespace, name),
    };
    let Some(role) = store.get(&key) else { return Vec::new() };
    let role = role.value();
    let mut rules = list(&role["rules"]).to_vec();
    let selectors = list(&role["aggregationRule"]["clusterRoleSelectors"]);
    if !selectors.is_empty() {
        for other in store.list(CLUSTER_ROLES, None, None, usize::MAX).items {
            if selectors.iter().any(|it| label_selector_matches(it, &other.labels)) {
                rules.extend(list(&other.value()["rules"]).iter().cloned());
            }
        }
    }
    rules
}

/// Whether a rule allows it.
fn covers(rule: &Value, wish: &Wish) -> bool {
    let has =
        |field: &str, wanted: &str| list(&rule[field]).iter().any(|it| it == "*" || it == wanted);
    if !has("verbs", &wish.verb) {
        return false;
    }
    if let Some(path) = &wish.path {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => pattern == path,
        };
        return list(&rule["nonResourceURLs"]).iter().filter_map(Value::as_str).any(fits);
    }
    let names = list(&rule["resourceNames"]);
    let named = names.is_empty()
        || wish.name.as_ref().is_some_and(|name| names.iter().any(|it| it == name.as_str()));
    // `*/log` is that part of every kind.
    let part = wish.resource.split_once('/').map(|(_, part)| format!("*/{part}"));
    let resource = has("resources", &wish.resource)
        || part.is_some_and(|part| list(&rule["resources"]).iter().any(|it| *it == part));
    has("apiGroups", &wish.group) && resource && named
}

/// Nobody grants rights that they do not have: a role's rules, and those of the role that a
/// binding names, must all be the writer's own; the verbs `escalate` and `bind` are the exception.
///
/// # Errors
/// 403 with the first rule that is not.
pub(in super::super) fn check_grant(
    store: &Store,
    user: Option<&User>,
    kind: &Kind,
    object: &Value,
) -> Result<(), Status> {
    let Some(user) = user.filter(|it| !it.is_master() && kind.group == GROUP) else {
        return Ok(());
    };
    let namespace = object["metadata"]["namespace"].as_str();
    let binds = kind.kind.ends_with("Binding");
    let (rules, verb, about) = if binds {
        let reference = &object["roleRef"];
        let plural = if reference["kind"] == "ClusterRole" { "clusterroles" } else { "roles" };
        let name = reference["name"].as_str().map(str::to_owned);
        (role_rules(store, reference, namespace.unwrap_or_default()), "bind", (plural, name))
    } else {
        let name = object["metadata"]["name"].as_str().map(str::to_owned);
        (list(&object["rules"]).to_vec(), "escalate", (kind.plural.as_str(), name))
    };
    let wish = Wish {
        verb: verb.to_owned(),
        group: GROUP.to_owned(),
        resource: about.0.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: about.1,
        path: None,
    };
    if allows(store, user, &wish) {
        return Ok(());
    }
    let own = rules_of(store, user, namespace);
    let beyond = rules.iter().flat_map(wishes).find(|it| !own.iter().any(|rule| covers(rule, it)));
    let Some(beyond) = beyond else { return Ok(()) };
    let what =
        beyond.path.clone().unwrap_or(format!("{} of \"{}\"", beyond.resource, beyond.group));
    let why = format!(
        "user \"{}\" is attempting to grant RBAC permissions not currently held: {} {what}",
        user.name, beyond.verb
    );
    Err(Status::forbidden(kind, object["metadata"]["name"].as_str().unwrap_or_default(), &why))
}

/// Everything that a rule allows, one by one; `*` stands for itself.
fn wishes(rule: &Value) -> Vec<Wish> {
    let texts = |field: &str| -> Vec<String> {
        list(&rule[field]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut wishes = Vec::new();
    for verb in texts("verbs") {
        for path in texts("nonResourceURLs") {
            wishes.push(Wish { verb: verb.clone(), path: Some(path), ..Wish::default() });
        }
        for group in texts("apiGroups") {
            for resource in texts("resources") {
                let names = texts("resourceNames");
                let names: Vec<Option<String>> = if names.is_empty() {
                    vec![None]
                } else {
                    names.into_iter().map(Some).collect()
                };
                wishes.extend(names.into_iter().map(|name| Wish {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    name,
                    ..Wish::default()
                }));
            }
        }
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_cover_what_they_name() {
        let rule = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/status"]});
        let named = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"],
            "resourceNames": ["a"]});
        let paths = json!({"verbs": ["get"], "nonResourceURLs": ["/api/*", "/version"]});
        let wish = |verb: &str, group: &str, resource: &str, name: Option<&str>| Wish {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            name: name.map(Into::into),
            ..Wish::default()
        };
        let path =
            |path: &str| Wish { verb: "get".into(), path: Some(path.into()), ..Wish::default() };
        for (rule, wish, good) in [
            (&rule, wish("get", "", "pods", None), true),
            (&rule, wish("list", "", "pods", None), false),
            (&rule, wish("get", "apps", "pods", None), false),
            (&rule, wish("get", "", "pods/log", None), false),
            (&rule, wish("get", "", "nodes/status", None), true),
            (&named, wish("delete", "x", "things", Some("a")), true),
            (&named, wish("delete", "x", "things", Some("b")), false),
            (&named, wish("list", "x", "things", None), false),
            (&paths, path("/api/v1"), true),
            (&paths, path("/version"), true),
            (&paths, path("/metrics"), false),
            (&rule, path("/api/v1"), false),
        ] {
            assert_eq!(covers(rule, &wish), good, "{wish:?}");
        }
    }

    #[test]
    fn a_rule_is_taken_apart() {
        let rule =
            json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "secrets"]});
        assert_eq!(wishes(&rule).len(), 4);
        assert!(wishes(&rule).iter().all(|it| covers(&rule, it)));
        let star = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
        assert!(!wishes(&star).iter().any(|it| covers(&rule, it)));
        assert!(wishes(&star).iter().all(|it| covers(&star, it)));
    }
}
