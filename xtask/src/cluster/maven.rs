//! Kafka's jars, brought by Maven once per version to `target/kafka/VERSION/libs`.

use std::path::PathBuf;
use std::process::Command;

use crate::util::{self, Result};

/// What Kafka 4.x logs through but does not bring: without it a broker's log stays empty. Its version is that of the
/// log4j that Kafka 4.3 brings.
const LOGGING: &str = "
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.4</version>
    </dependency>";

/// Named in full, so that every Maven does the same.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Whether Maven can be started.
pub fn is_there() -> bool {
    util::succeeds("mvn", &["-version"])
}

/// The folder with the jars of a Kafka version: broker, tools and all they need.
pub fn libs(kafka: &str) -> Result<PathBuf> {
    let folder = util::target_dir().join("kafka").join(kafka);
    let libs = folder.join("libs");
    if libs.is_dir() {
        return Ok(libs);
    }
    eprintln!("bringing Kafka {kafka} with Maven to {}", libs.display());
    let pom = folder.join("pom.xml");
    util::write(&pom, &pom_text(kafka))?;
    // Copied beside and renamed, so that a copy broken off is not taken for a whole one.
    let partial = folder.join(format!("libs.{}", std::process::id()));
    let mut mvn = Command::new("mvn");
    mvn.args(["-q", "-B", "-f"]).arg(&pom).arg(COPY);
    mvn.arg("-DincludeScope=runtime").arg(format!("-DoutputDirectory={}", partial.display()));
    util::output(&mut mvn)?;
    if let Err(error) = std::fs::rename(&partial, &libs) {
        // Another process was faster.
        let _ = std::fs::remove_dir_all(&partial);
        if !libs.is_dir() {
            return Err(format!("cannot move the jars to {}: {error}", libs.display()).into());
        }
    }
    Ok(libs)
}

fn pom_text(kafka: &str) -> String {
    let logging = if kafka.starts_with("3.") { "" } else { LOGGING };
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ottla</groupId>
  <artifactId>kafka-under-test</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{kafka}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>{kafka}</version>
    </dependency>{logging}
  </dependencies>
</project>
"
    )
}
