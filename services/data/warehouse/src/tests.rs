//! Tests of the service as a whole: through the generated client, behind the guards, on both databases.

mod changes;
mod drift;
mod evolution;
mod fragments;
mod house;
mod jobs;
mod keys;
mod loads;
mod queries;
mod rows;
mod scripts;
mod tables;
mod together;
mod trouble;
mod writes;
