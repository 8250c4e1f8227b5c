//! The decisions that ottla's clients share: machines, cluster metadata, retries and errors; no I/O
