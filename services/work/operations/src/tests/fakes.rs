//! The neighbours, played: a service that keeps jobs, and the messaging that brings its events.

mod commands;
mod history;
mod owner;
mod post;
mod schedules;

pub(super) use owner::Owner;
pub(super) use post::Post;
