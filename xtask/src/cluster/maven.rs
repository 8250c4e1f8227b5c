//! Kafka's jars, brought by Maven once per version to `target/kafka/VERSION/libs`.

use std::path::PathBuf;
use std::process::Command;

use super::release::Release;
use crate::util::{self, Result};

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
    util::write(&pom, &pom_text(kafka)?)?;
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

fn pom_text(kafka: &str) -> Result<String> {
    let release = Release::parse(kafka)?;
    let broker = format!("kafka_{}", release.scala());
    let own = [("org.apache.kafka", broker.as_str(), kafka), ("org.apache.kafka", "kafka-tools", kafka)];
    let dependencies: String = own
        .iter()
        .chain(release.missing_jars())
        .map(|(group, artifact, version)| {
            format!(
                "    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>\n"
            )
        })
        .collect();
    Ok(format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ottla</groupId>
  <artifactId>kafka-under-test</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{dependencies}  </dependencies>
</project>
"
    ))
}
