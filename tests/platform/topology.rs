//! How services are spread over processes.

/// How the services are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    /// All in one process, calling each other without a socket.
    Local,
    /// All in one process, calling each other over the process's own socket.
    Loopback,
    /// Three processes; the edge of the first is used.
    Split,
    /// As split, and a fourth process does part of the work of the second and third besides: one of them can be away.
    Twins,
}

/// Which services share a process where they are split.
const SPLIT: [&[&str]; 3] = [
    &["identity", "metadata", "messaging"],
    &["warehouse"],
    &["calculation", "simulation", "operations"],
];

/// What the fourth process of [`Topology::Twins`] serves besides: services that keep nothing but their database.
const TWIN: &[&str] = &["warehouse", "simulation"];

impl Topology {
    /// What each process serves, and its settings of the mesh.
    pub(super) fn targets(self) -> Vec<(Vec<&'static str>, &'static str)> {
        let spread: usize = SPLIT.iter().map(|group| group.len()).sum();
        assert_eq!(
            spread,
            server::services().len(),
            "every service has a place"
        );
        let groups =
            |groups: &[&[&'static str]]| groups.iter().map(|group| (group.to_vec(), "")).collect();
        match self {
            Self::Local => vec![(vec!["all"], "")],
            Self::Loopback => vec![(vec!["all"], "loopback = true")],
            Self::Split => groups(&SPLIT),
            Self::Twins => groups(&[&SPLIT[..], &[TWIN]].concat()),
        }
    }
}
