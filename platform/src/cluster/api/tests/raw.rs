//! What only shows on the wire: media types, refusals, defined kinds.
