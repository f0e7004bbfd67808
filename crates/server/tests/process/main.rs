//! The real binary, run as its users and operators run it: started and killed, migrated, asked, and
//! spread over several processes.

mod call;
mod crash;
mod crash_rows;
mod crash_run;
mod documents;
mod drain;
mod installation;
mod mesh;
mod migrate;
mod settings;
mod story;

/// Stamps a test for both databases: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($installation:ident: &Installation) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn play($installation: &Installation) $body

            fn on(backend: testkit::Backend) {
                let installation = Installation::new(backend);
                testkit::run(play(&installation));
            }

            #[test]
            fn sqlite() {
                on(testkit::Backend::sqlite());
            }

            #[test]
            fn postgres() {
                on(testkit::Backend::postgres());
            }
        }
    )+};
}
use on_both;
