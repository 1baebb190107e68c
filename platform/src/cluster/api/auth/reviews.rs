//! Kinds that are asked and not kept: what may be done, and who is asking.

use serde_json::{Value, json};

use super::super::kinds::Kind;
use super::super::request::Target;
use super::super::status::Status;
use super::super::{Api, meta};
use super::rules::{self, Wish};
use super::{User, tokens};

/// Whether objects of this kind are answered and not stored.
pub(in super::super) fn is_review(kind: &Kind) -> bool {
    matches!(kind.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

impl Api {
    /// Answers a review.
    pub(in super::super) fn review(
        &self,
        target: &Target,
        user: Option<&User>,
        mut review: Value,
    ) -> Result<Value, Status> {
        meta::settle(target, &mut review)?;
        let owner = User::owner();
        let own = user.unwrap_or(&owner);
        let spec = &review["spec"];
        let status = match target.kind.kind.as_str() {
            "SelfSubjectAccessReview" => self.judge(own, spec, None)?,
            "SubjectAccessReview" => self.judge(&subject(spec), spec, None)?,
            "LocalSubjectAccessReview" => {
                self.judge(&subject(spec), spec, target.namespace.as_deref())?
            }
            "SelfSubjectRulesReview" => self.tell_rules(own, spec),
            "SelfSubjectReview" => {
                json!({"userInfo": {"username": own.name, "groups": own.groups}})
            }
            "TokenReview" => {
                let given = spec["token"].as_str().unwrap_or_default();
                // The owner's token is not known here; nobody else needs to have it told.
                let tokens = tokens::Tokens::new(&self.home, String::new());
                match tokens.user(given, &self.store) {
                    Some(it) => json!({"authenticated": true,
                        "user": {"username": it.name, "groups": it.groups}}),
                    None => json!({"authenticated": false}),
                }
            }
            _ => return Err(Status::no_such_path()),
        };
        review["status"] = status;
        review["metadata"]["creationTimestamp"] = Value::Null;
        Ok(review)
    }

    fn judge(&self, user: &User, spec: &Value, within: Option<&str>) -> Result<Value, Status> {
        let wish = wish(spec, within)?;
        let allowed = rules::allows(&self.store, user, &wish);
        Ok(json!({"allowed": allowed}))
    }

    fn tell_rules(&self, user: &User, spec: &Value) -> Value {
        let namespace = spec["namespace"].as_str();
        let (paths, kinds): (Vec<Value>, Vec<Value>) =
            rules::rules_of(&self.store, user, namespace)
                .into_iter()
                .partition(|it| it.get("nonResourceURLs").is_some());
        json!({"resourceRules": kinds, "nonResourceRules": paths, "incomplete": false})
    }

    /// `serviceaccounts/{name}/token`.
    pub(in super::super) fn issue(&self, target: &Target, request: Value) -> Result<Value, Status> {
        let account = self.get(target)?.value();
        let seconds = request["spec"]["expirationSeconds"].as_i64();
        if seconds.is_some_and(|it| it < 600) {
            let name = target.name.as_deref().unwrap_or_default();
            let fault = proto::FieldError::new(
                "spec.expirationSeconds",
                "Invalid value: may not specify a duration less than 10 minutes",
            );
            return Err(Status::invalid(&target.kind, name, &[fault]));
        }
        let (token, end) =
            tokens::issue(&self.home, &account, seconds).map_err(Status::internal)?;
        let metadata = &account["metadata"];
        let mut answer = request;
        answer["apiVersion"] = json!("authentication.k8s.io/v1");
        answer["kind"] = json!("TokenRequest");
        answer["metadata"] = json!({"name": metadata["name"], "namespace": metadata["namespace"],
            "creationTimestamp": meta::now()});
        let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        answer["status"] = json!({"token": token, "expirationTimestamp": end});
        Ok(answer)
    }
}

fn subject(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten();
    User {
        name: spec["user"].as_str().unwrap_or_default().to_owned(),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn wish(spec: &Value, within: Option<&str>) -> Result<Wish, Status> {
    let text = |part: &Value, key: &str| part[key].as_str().unwrap_or_default().to_owned();
    let some = |text: String| (!text.is_empty() && text != "*").then_some(text);
    let (kinds, paths) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if paths.is_object() {
        let path = Some(text(paths, "path"));
        return Ok(Wish { verb: text(paths, "verb"), path, ..Wish::default() });
    }
    if !kinds.is_object() {
        let told = "spec.resourceAttributes or spec.nonResourceAttributes is required";
        return Err(Status::bad_request(told));
    }
    let mut resource = text(kinds, "resource");
    if let Some(part) = some(text(kinds, "subresource")) {
        resource = format!("{resource}/{part}");
    }
    Ok(Wish {
        verb: text(kinds, "verb"),
        group: text(kinds, "group"),
        resource,
        namespace: within.map(str::to_owned).or_else(|| some(text(kinds, "namespace"))),
        name: some(text(kinds, "name")),
        path: None,
    })
}
