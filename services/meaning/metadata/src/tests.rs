//! Tests through the generated client.
