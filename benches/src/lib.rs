//! Benchmarks of ottla: see README.md beside this file.
