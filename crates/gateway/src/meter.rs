//! Counts answers by route and status, and times them up to their head; a stream may go on for hours.
//!
//! A route is named by its template, never by the path asked for, which anyone may make up.

use metrics::{Counter, Histogram, counter, histogram};
use std::sync::OnceLock;
use std::time::Instant;

/// What the edge answers; any other status is looked up anew each time.
const STATUSES: [u16; 20] = [
    200, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 429, 431, 499, 500, 501, 502, 503,
    504,
];
/// The client went away before it was answered.
const GONE: u16 = 499;

/// The meters of one route, made at its first request, when a recorder is installed.
#[derive(Debug)]
pub(crate) struct Route {
    method: String,
    template: String,
    seconds: OnceLock<Histogram>,
    by_status: [OnceLock<Counter>; STATUSES.len()],
}

impl Route {
    pub(crate) fn new(method: &str, template: &str) -> Self {
        Self {
            method: method.to_owned(),
            template: template.to_owned(),
            seconds: OnceLock::new(),
            by_status: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    fn counter(&self, status: u16) -> Counter {
        counter!("tessera_http_requests_total", "method" => self.method.clone(),
            "route" => self.template.clone(), "status" => status.to_string())
    }

    fn note(&self, status: u16, started: Instant) {
        match STATUSES.iter().position(|known| *known == status) {
            Some(at) => self.by_status[at]
                .get_or_init(|| self.counter(status))
                .increment(1),
            None => self.counter(status).increment(1),
        }
        let seconds = self.seconds.get_or_init(|| {
            histogram!("tessera_http_seconds", "method" => self.method.clone(), "route" => self.template.clone())
        });
        seconds.record(started.elapsed().as_secs_f64());
    }
}

/// One request being counted.
pub(crate) struct Meter<'a> {
    route: &'a Route,
    started: Instant,
    status: u16,
}

impl<'a> Meter<'a> {
    /// A request whose route is not known yet.
    pub(crate) fn start(route: &'a Route) -> Self {
        Self {
            route,
            started: Instant::now(),
            status: GONE,
        }
    }

    /// The request's route.
    pub(crate) fn on(&mut self, route: &'a Route) {
        self.route = route;
    }

    /// How it was answered.
    pub(crate) fn finish(mut self, status: http::StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.route.note(self.status, self.started);
    }
}
