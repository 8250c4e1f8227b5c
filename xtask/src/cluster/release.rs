//! What a Kafka version is like, as far as starting it goes.

use crate::util::Result;

/// A Kafka version, by the numbers that its nature depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    major: u32,
    minor: u32,
}

/// The first that does without ZooKeeper here. 2.8 could, for trying it out; 4.0 must.
const WITHOUT_ZOOKEEPER: Release = Release { major: 3, minor: 0 };

impl Release {
    /// Reads `4.3.1`, `2.8.2` or `0.10.2.2`.
    pub fn parse(kafka: &str) -> Result<Self> {
        let mut numbers = kafka.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(format!("{kafka:?} is no Kafka version, such as 4.3.1").into()),
        }
    }

    /// Whether it is at least `major.minor`.
    pub fn is_from(self, major: u32, minor: u32) -> bool {
        self >= Self { major, minor }
    }

    /// Whether its brokers find each other through ZooKeeper.
    pub fn wants_zookeeper(self) -> bool {
        self < WITHOUT_ZOOKEEPER
    }

    /// The Scala version in the name of the broker's jar: the newest that it was published for.
    pub fn scala(self) -> &'static str {
        if self.is_from(2, 4) {
            "2.13"
        } else if self.is_from(0, 11) {
            "2.12"
        } else {
            "2.11"
        }
    }

    /// What its jars lack for running on today's Java with a log: group, artifact and version of each.
    pub fn missing_jars(self) -> &'static [(&'static str, &'static str, &'static str)] {
        // The version of each binding is that of the API that the release brings.
        if self.is_from(4, 0) {
            &[("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")]
        } else if self.is_from(3, 0) {
            &[]
        } else if self.is_from(2, 0) {
            &[("org.slf4j", "slf4j-log4j12", "1.7.30")]
        } else {
            // Java 11 took JAXB out, which these call for base64.
            &[("org.slf4j", "slf4j-log4j12", "1.7.25"), ("javax.xml.bind", "jaxb-api", "2.3.1")]
        }
    }
}
