//! The store's promises: durable, ordered, never two winners.
