//! Makes this crate's Rust from `proto/`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    contracts::generate()
}
