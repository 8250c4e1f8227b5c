//! One definition per setting: the [`settings!`](crate::settings) table gives the struct, its defaults, by-value setters, the list of
//! Kafka's keys, and the reading from [`Properties`](crate::properties::Properties).

use crate::error::{Error, ErrorKind, Result};

/// One row of a configuration's table, for command lines and documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingKey {
    /// Kafka's key.
    pub key: &'static str,
    /// Other names that are accepted: librdkafka's.
    pub aliases: &'static [&'static str],
    /// The default as an expression.
    pub default: &'static str,
}

/// Collects what is wrong with a configuration, so that all of it is reported at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<String>);

impl Violations {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `key` has a value that is not allowed, and what is.
    pub fn add(&mut self, key: &str, value: impl std::fmt::Display, allowed: impl std::fmt::Display) {
        self.0.push(format!("`{key}` = `{value}`: {allowed}"));
    }

    /// Notes a violation unless `holds`.
    pub fn require(&mut self, holds: bool, key: &str, value: impl std::fmt::Display, allowed: impl std::fmt::Display) {
        if !holds {
            self.add(key, value, allowed);
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming every violation.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::Config, self.0.join("; "))) }
    }
}

/// Defines a configuration.
///
/// ```
/// use std::time::Duration;
///
/// ottla_core::settings! {
///     /// Settings of a kettle.
///     pub struct KettleConfig {
///         /// How long to boil.
///         boil: Duration = Duration::from_secs(3), "boil.ms" | "boiling.time.ms";
///         /// The kettle's name.
///         name: String = "kettle".to_owned(), "kettle.name";
///     }
/// }
///
/// let mut properties = ottla_core::properties::Properties::parse("boiling.time.ms=10")?;
/// let config = KettleConfig::from_properties(&mut properties)?.name("green".to_owned());
/// assert_eq!((config.boil, config.name.as_str()), (Duration::from_millis(10), "green"));
/// assert_eq!(KettleConfig::KEYS[0].key, "boil.ms");
/// # Ok::<(), ottla_core::error::Error>(())
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$outer:meta])*
        pub struct $config:ident {
            $(
                $(#[$doc:meta])*
                $field:ident : $kind:ty = $default:expr, $key:literal $(| $alias:literal)*;
            )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $config {
            $(pub(crate) $field: $kind,)*
        }

        impl Default for $config {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $config {
            /// Kafka's key of every setting, in the order of the table.
            pub const KEYS: &'static [$crate::config::SettingKey] = &[
                $($crate::config::SettingKey {
                    key: $key,
                    aliases: &[$($alias),*],
                    default: stringify!($default),
                },)*
            ];

            $(
                $(#[$doc])*
                #[doc = ""]
                #[doc = concat!("Kafka's `", $key, "`. Default: `", stringify!($default), "`.")]
                pub fn $field(mut self, value: $kind) -> Self {
                    self.$field = value;
                    self
                }
            )*

            /// Takes out of `properties` what belongs here, under Kafka's names or librdkafka's; the rest keeps its default.
            ///
            /// # Errors
            /// `Config`, naming every value that cannot be read.
            pub fn from_properties(
                properties: &mut $crate::properties::Properties,
            ) -> $crate::error::Result<Self> {
                let mut config = Self::default();
                let mut violations = $crate::config::Violations::new();
                $(
                    for key in [$key $(, $alias)*] {
                        if let Some(text) = properties.take(key) {
                            match <$kind as $crate::properties::PropertyValue>::parse(key, &text) {
                                Ok(value) => config.$field = value,
                                Err(allowed) => violations.add(key, &text, allowed),
                            }
                        }
                    }
                )*
                violations.finish()?;
                Ok(config)
            }
        }
    };
}
