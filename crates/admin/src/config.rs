//! The settings of [`Admin`](crate::Admin).

use std::time::Duration;

use ottla_core::settings;

settings! {
    /// Settings of an admin handle.
    pub struct AdminConfig {
        /// From a call to its result, repetitions included.
        default_api_timeout: Duration = Duration::from_secs(60), "default.api.timeout.ms";
        /// How long a broker may take to carry out one request, such as to create a topic everywhere. Never longer than
        /// the whole call may take.
        request_timeout: Duration = Duration::from_secs(30), "request.timeout.ms" | "socket.timeout.ms";
    }
}
