//! Decides what goes with what: the graph of owners, and the moves that a change of it asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{KindKey, Node, Owner};

/// Finalizer of an owner that waits for its dependents to go first.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an owner whose dependents stay, ownerless.
pub(super) const ORPHAN: &str = "orphan";

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// Delete it: its owners are gone, or go with it.
    Delete(Node),
    /// Delete it if none of its owners is found when asked for directly.
    DeleteIfStray(Node),
    /// Take this owner out of its owners.
    Disown(Node, String),
    /// Take this finalizer off.
    Release(Node, &'static str),
}

/// Everything that has an owner or is one, by uid.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    dependents: BTreeMap<String, BTreeSet<String>>,
    strays: BTreeSet<String>,
}

impl Graph {
    /// Takes in a new or changed object.
    pub(super) fn apply(&mut self, node: Node) -> Vec<Move> {
        let uid = node.uid.clone();
        let mut owners: Vec<String> = node.owners.iter().map(|it| it.uid.clone()).collect();
        if let Some(old) = self.nodes.get(&uid).cloned() {
            self.unlink(&old);
            // An owner that it has lost may have waited for that.
            let lost = old.owners.into_iter().map(|it| it.uid).filter(|it| !owners.contains(it));
            owners.extend(lost.collect::<Vec<_>>());
        }
        for owner in &node.owners {
            self.dependents.entry(owner.uid.clone()).or_default().insert(uid.clone());
        }
        let known = |owner: &Owner| self.nodes.contains_key(&owner.uid);
        if !node.owners.is_empty() && !node.deleting && !node.owners.iter().any(known) {
            self.strays.insert(uid.clone());
        }
        self.nodes.insert(uid.clone(), node);
        let mut moves = self.leaving(&uid);
        // A dependent of an owner that is already leaving was made too late to stay.
        moves.extend(owners.iter().flat_map(|it| self.leaving(it)));
        moves
    }

    /// Takes out an object that is gone.
    pub(super) fn delete(&mut self, uid: &str) -> Vec<Move> {
        let Some(node) = self.nodes.remove(uid) else { return Vec::new() };
        self.unlink(&node);
        self.strays.remove(uid);
        let mut moves = Vec::new();
        for dependent in self.dependents_of(uid) {
            let orphaned = !dependent.owners.iter().any(|it| self.nodes.contains_key(&it.uid));
            if orphaned && !dependent.deleting {
                moves.push(Move::Delete(dependent));
            }
        }
        moves.extend(node.owners.iter().flat_map(|it| self.leaving(&it.uid)));
        moves
    }

    /// Takes out what a fresh list of a kind no longer holds.
    pub(super) fn relisted(&mut self, kind: &KindKey, uids: &BTreeSet<String>) -> Vec<Move> {
        let lost = |node: &&Node| node.kind == *kind && !uids.contains(&node.uid);
        let lost: Vec<String> = self.nodes.values().filter(lost).map(|it| it.uid.clone()).collect();
        lost.iter().flat_map(|uid| self.delete(uid)).collect()
    }

    /// Objects none of whose owners is known, each told once.
    pub(super) fn strays(&mut self) -> Vec<Move> {
        let strays = std::mem::take(&mut self.strays);
        let known = |it: &Owner| self.nodes.contains_key(&it.uid);
        let nodes = strays.iter().filter_map(|uid| self.nodes.get(uid));
        let stray = |node: &&Node| !node.owners.iter().any(known);
        nodes.filter(stray).cloned().map(Move::DeleteIfStray).collect()
    }

    /// What an owner that is leaving asks for.
    fn leaving(&self, uid: &str) -> Vec<Move> {
        let Some(owner) = self.nodes.get(uid).filter(|it| it.deleting) else { return Vec::new() };
        let dependents = self.dependents_of(uid);
        if owner.finalizers.iter().any(|it| it == ORPHAN) {
            let mut moves: Vec<Move> =
                dependents.into_iter().map(|it| Move::Disown(it, uid.to_owned())).collect();
            if moves.is_empty() {
                moves.push(Move::Release(owner.clone(), ORPHAN));
            }
            return moves;
        }
        if !owner.finalizers.iter().any(|it| it == FOREGROUND) {
            return Vec::new();
        }
        let blocks = |node: &Node| node.owners.iter().any(|it| it.uid == uid && it.blocks);
        let mut moves = Vec::new();
        if !dependents.iter().any(blocks) {
            moves.push(Move::Release(owner.clone(), FOREGROUND));
        }
        let stays = |it: &Owner| it.uid != uid && self.nodes.contains_key(&it.uid);
        let goes = |node: &Node| !node.deleting && !node.owners.iter().any(stays);
        moves.extend(dependents.into_iter().filter(goes).map(Move::Delete));
        moves
    }

    fn dependents_of(&self, uid: &str) -> Vec<Node> {
        let uids = self.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|it| self.nodes.get(it)).cloned().collect()
    }

    fn unlink(&mut self, node: &Node) {
        for owner in &node.owners {
            let Some(dependents) = self.dependents.get_mut(&owner.uid) else { continue };
            dependents.remove(&node.uid);
            if dependents.is_empty() {
                self.dependents.remove(&owner.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(uid: &str, owners: &[&str]) -> Node {
        let owner = |it: &&str| Owner {
            uid: (*it).to_owned(),
            api_version: "v1".into(),
            kind: "Pod".into(),
            name: (*it).to_owned(),
            blocks: true,
        };
        Node {
            uid: uid.into(),
            kind: KindKey::default(),
            namespace: "n".into(),
            name: uid.into(),
            deleting: false,
            finalizers: Vec::new(),
            owners: owners.iter().map(owner).collect(),
        }
    }

    fn leaving(uid: &str, finalizer: &str) -> Node {
        Node { deleting: true, finalizers: vec![finalizer.into()], ..node(uid, &[]) }
    }

    fn graph(nodes: &[Node]) -> Graph {
        let mut graph = Graph::default();
        for node in nodes {
            assert_eq!(graph.apply(node.clone()), []);
        }
        graph
    }

    #[test]
    fn dependents_go_when_their_last_owner_has_gone() {
        let both = node("c", &["a", "b"]);
        let mut graph = graph(&[node("a", &[]), node("b", &[]), both.clone()]);
        assert_eq!(graph.delete("a"), []);
        assert_eq!(graph.delete("b"), [Move::Delete(both)]);
        assert_eq!(graph.delete("b"), []);
    }

    #[test]
    fn an_owner_in_the_foreground_waits_for_its_dependents() {
        let (owner, child) = (leaving("a", FOREGROUND), node("c", &["a"]));
        let mut graph = graph(&[node("a", &[]), child.clone()]);
        assert_eq!(graph.apply(owner.clone()), [Move::Delete(child)]);
        assert_eq!(graph.delete("c"), [Move::Release(owner, FOREGROUND)]);
    }

    #[test]
    fn a_dependent_that_is_made_too_late_goes_too() {
        let (owner, late) = (leaving("a", FOREGROUND), node("c", &["a"]));
        let mut graph = Graph::default();
        assert_eq!(graph.apply(owner.clone()), [Move::Release(owner, FOREGROUND)]);
        assert_eq!(graph.apply(late.clone()), [Move::Delete(late)]);
    }

    #[test]
    fn orphans_lose_their_owner_and_stay() {
        let (owner, child) = (leaving("a", ORPHAN), node("c", &["a"]));
        let mut graph = graph(&[node("a", &[]), child.clone()]);
        assert_eq!(graph.apply(owner.clone()), [Move::Disown(child, "a".into())]);
        assert_eq!(graph.apply(node("c", &[])), [Move::Release(owner, ORPHAN)]);
        assert_eq!(graph.delete("a"), []);
    }

    #[test]
    fn strays_are_told_once_and_only_if_their_owner_never_came() {
        let stray = node("c", &["gone"]);
        let mut graph = graph(&[stray.clone(), node("d", &["late"]), node("late", &[])]);
        assert_eq!(graph.strays(), [Move::DeleteIfStray(stray)]);
        assert_eq!(graph.strays(), []);
    }

    #[test]
    fn what_a_new_list_no_longer_holds_is_gone() {
        let child = Node { kind: ("x".into(), "y".into(), "Z".into()).into(), ..node("c", &["a"]) };
        let mut graph = graph(&[node("a", &[]), child.clone()]);
        let moves = graph.relisted(&KindKey::default(), &BTreeSet::new());
        assert_eq!(moves, [Move::Delete(child)]);
    }
}
