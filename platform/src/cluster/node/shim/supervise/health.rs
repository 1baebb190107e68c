//! What the supervisor does about the health of containers.

use super::super::care::{Health, Patient};
use super::super::mounts::{self, Isolation};
use super::{Stage, Supervisor, ask, container};
use crate::cluster::node::record::Cause;
use std::sync::Arc;
use std::time::Duration;

/// Most remarks that are kept.
const WARNINGS_MAX: usize = 20;

impl Supervisor {
    /// Tells or refuses what cannot be mounted here.
    pub(super) fn judge_mounts(&mut self) {
        let Isolation::Denied(why) = &self.isolation else { return };
        let mut refusal = None;
        for container in self.plan.all() {
            match mounts::judge(container, why) {
                Ok(remarks) => self.state.warnings.extend(remarks),
                Err(cause) => refusal = refusal.or(Some(cause)),
            }
        }
        if let Some(cause) = refusal {
            self.fail(cause);
        }
    }

    /// What is told of a container until its probes have spoken.
    pub(super) fn expect(&mut self, index: usize) {
        let container = container(&self.plan, index);
        let care = &container.care;
        let waits = care.startup.is_some() || care.post_start.is_some();
        if let Some(state) = self.state.containers.get_mut(&container.name) {
            state.started = waits.then_some(false);
            state.ready = care.readiness.is_some().then_some(false);
        }
    }

    pub(super) fn patient(&self, index: usize) -> Option<Patient> {
        let plan = container(&self.plan, index).clone();
        let Stage::Live { pid, gone, .. } = &self.slots[index].stage else { return None };
        if plan.care.is_none() {
            return None;
        }
        Some(Patient {
            index,
            pid: *pid,
            plan,
            isolation: self.isolation.clone(),
            reaper: Arc::clone(&self.reaper),
            sender: self.sender.clone(),
            gone: Arc::clone(gone),
        })
    }

    /// Asks a container to end; what it wants done before is done first.
    pub(super) fn tell(&self, index: usize, grace: Duration) {
        match (self.patient(index), &self.slots[index].stage) {
            (Some(patient), _) if patient.plan.care.pre_stop.is_some() => patient.end(grace),
            (_, Stage::Live { pid, .. }) => ask(*pid),
            _ => {}
        }
    }

    /// Takes in what was found out about a container, if it is still the same one.
    pub(super) fn hear(&mut self, index: usize, about: i32, health: Health) {
        let live = matches!(self.slots[index].stage, Stage::Live { pid, .. } if pid == about);
        let name = container(&self.plan, index).name.clone();
        let Some(state) = self.state.containers.get_mut(&name).filter(|_| live) else { return };
        let told = match health {
            Health::Started => {
                state.started = Some(true);
                return;
            }
            Health::Ready(ready, why) => {
                state.ready = Some(ready);
                why
            }
            Health::TooLarge(why) => {
                self.slots[index].too_large.get_or_insert(why);
                return;
            }
            Health::Dead(why) => {
                state.ready = state.ready.map(|_| false);
                if !std::mem::replace(&mut self.slots[index].told, true)
                    && let Some(patient) = self.patient(index)
                {
                    patient.end(self.grace());
                }
                why
            }
        };
        let cause = Cause::new("Unhealthy", told);
        if !cause.message.is_empty() && !self.state.warnings.contains(&cause) {
            if WARNINGS_MAX <= self.state.warnings.len() {
                self.state.warnings.remove(0);
            }
            self.state.warnings.push(cause);
        }
    }
}
