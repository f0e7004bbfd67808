DROP TABLE job_schedules;
DROP TABLE job_signals;
DROP TABLE job_checkpoints;
DROP TABLE job_steps;
DROP TABLE job_states;
DROP TABLE jobs;
