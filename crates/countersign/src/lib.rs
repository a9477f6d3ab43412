//! countersign.
pub mod config;
pub mod data_dir;
pub mod postgres;
pub mod privileges;
pub mod tls;
