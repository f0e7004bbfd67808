//! A config file, and the same text as environment variables: no panic, and what is read can be printed.
#![no_main]

use config::Table;
use libfuzzer_sys::fuzz_target;
use server::Settings;

/// Reads settings and, if they are good, prints them as `tessera config` does.
fn read(table: Table) {
    if let Ok(settings) = Settings::read(table) {
        let printed = settings
            .print(&server::services())
            .expect("settings can be printed");
        printed.parse::<Table>().expect("what is printed is TOML");
    }
}

fuzz_target!(|text: &str| {
    // secrets may be read from files: those of the machine are no part of the input
    if text.contains("file") {
        return;
    }
    if let Ok(table) = text.parse::<Table>() {
        read(table);
    }
    let variables = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (format!("TESSERA__{}", name.trim()), value.trim().to_owned()));
    if let Ok(table) = config::load(None, variables) {
        read(table);
    }
});
