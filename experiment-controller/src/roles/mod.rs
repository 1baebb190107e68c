//! The roles that the binary plays: start-up wiring and nothing else.

mod collect;
mod config;
mod controller;
mod idle;
mod kubeconfig;
mod listen;
mod signals;
mod state;
mod store;
mod suggest;
mod tls;
mod up;

pub use collect::{CollectArgs, collect};
pub use controller::{ControllerArgs, controller};
pub use state::{Lock, Server, State};
pub use store::{StoreArgs, store};
pub use suggest::{SuggestArgs, suggest};
pub use up::{Home, UpError, up};
