//! Stories: each is told on both databases and in three topologies.

/// Stamps a story for each database and topology: six tests. `with "…";` before the first gives settings.
macro_rules! stories {
    (with $extra:literal; $($rest:tt)+) => {
        $crate::platform::stories! { @ $extra; $($rest)+ }
    };
    ($(#[$meta:meta])* async $($rest:tt)+) => {
        $crate::platform::stories! { @ ""; $(#[$meta])* async $($rest)+ }
    };
    (@ $extra:literal; $($(#[$meta:meta])* async fn $name:ident($platform:ident: &Platform) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story may need nothing of its file")]
            use super::*;
            use $crate::platform::Topology;

            async fn play($platform: &$crate::platform::Platform) $body

            fn run(backend: testkit::Backend, topology: Topology) {
                testkit::run(async {
                    let platform = $crate::platform::Platform::start(backend, topology, $extra).await;
                    play(&platform).await;
                    platform.stop().await;
                });
            }

            #[test]
            fn sqlite_local() {
                run(testkit::Backend::sqlite(), Topology::Local);
            }

            #[test]
            fn sqlite_loopback() {
                run(testkit::Backend::sqlite(), Topology::Loopback);
            }

            #[test]
            fn sqlite_split() {
                run(testkit::Backend::sqlite(), Topology::Split);
            }

            #[test]
            fn postgres_local() {
                run(testkit::Backend::postgres(), Topology::Local);
            }

            #[test]
            fn postgres_loopback() {
                run(testkit::Backend::postgres(), Topology::Loopback);
            }

            #[test]
            fn postgres_split() {
                run(testkit::Backend::postgres(), Topology::Split);
            }
        }
    )+};
}
pub(crate) use stories;
