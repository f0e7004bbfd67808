//! Tests of the service as a whole: through the generated client, behind the guards, on both databases.
