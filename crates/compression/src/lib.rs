//! gzip, snappy, lz4 and zstd as Kafka frames them, each with a bound on its output
