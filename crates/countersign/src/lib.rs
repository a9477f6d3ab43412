//! Countersign, the binary: configuration, command line, private PostgreSQL, workers, listeners, shutdown.

mod admitted;
mod audit_commands;
mod auditing;
mod begin_again;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod data_dir;
mod ending;
pub mod external;
#[cfg(feature = "faults")]
mod faulty;
pub mod listeners;
pub mod logs;
pub mod mail;
pub mod operator;
pub mod postgres;
pub mod privileges;
pub mod proving;
pub mod sample;
pub mod scratch;
pub mod serve;
pub mod tls;
mod witness;
mod workspace_commands;
