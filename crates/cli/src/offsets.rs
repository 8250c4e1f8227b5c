//! The grammar of `--offset`: `beginning|end|N|-N|@timestamp`.

/// Where to start in each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The first record there is.
    Beginning,
    /// After the last record there is.
    End,
    /// This offset.
    Offset(i64),
    /// This many records before the end of each partition.
    Tail(u64),
    /// The first record that is at least as young, in milliseconds since 1970.
    Timestamp(i64),
}

/// The help text.
pub(crate) const HELP: &str = "\
Where to start in each partition:
  beginning     the first record there is
  end           what comes from now on
  N             offset N
  -N            N records before the end of each partition
  @TIME         the first record at or after TIME: milliseconds since 1970, or RFC 3339 such as @2026-01-31T12:00:00Z";

/// Reads the argument of `--offset`.
pub(crate) fn parse(text: &str) -> Result<From, String> {
    match text {
        "beginning" | "earliest" | "start" => return Ok(From::Beginning),
        "end" | "latest" => return Ok(From::End),
        _ => {}
    }
    if let Some(time) = text.strip_prefix('@') {
        return timestamp(time).map(From::Timestamp);
    }
    if let Some(count) = text.strip_prefix('-') {
        return match count.parse() {
            Ok(0) => Ok(From::End),
            Ok(count) if count <= i64::MAX as u64 => Ok(From::Tail(count)),
            _ => Err(form()),
        };
    }
    match text.parse() {
        Ok(offset) if offset >= 0 && !text.starts_with('+') => Ok(From::Offset(offset)),
        _ => Err(form()),
    }
}

fn form() -> String {
    "it is beginning, end, N, -N or @TIME, such as 42, -10 or @2026-01-31T12:00:00Z".to_owned()
}

fn timestamp(text: &str) -> Result<i64, String> {
    if let Ok(milliseconds) = text.parse::<i64>()
        && milliseconds >= 0
    {
        return Ok(milliseconds);
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_millisecond().max(0));
    }
    Err("the time after @ is milliseconds since 1970, or RFC 3339 with a zone, such as @2026-01-31T12:00:00Z"
        .to_owned())
}

#[cfg(test)]
mod tests;
