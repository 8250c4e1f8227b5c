//! Kafka's names as Rust writes them.

/// `ListOffsetsRequest` as `list_offsets_request`.
pub(crate) fn snake_case(name: &str) -> String {
    // One word for Kafka, two by its capitals.
    let name = name.replace("KRaft", "Kraft").replace("2Pc", "_2pc");
    let mut snake = String::new();
    let mut before: Option<char> = None;
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let begins = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before != '_'
                    && (!before.is_ascii_uppercase() || characters.peek().is_some_and(char::is_ascii_lowercase))
            });
        if begins {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
        before = Some(character);
    }
    snake
}

/// A field's name: in snake case, and raw where it is a keyword.
pub(crate) fn field_name(name: &str) -> String {
    let snake = snake_case(name);
    match snake.as_str() {
        "type" | "match" => format!("r#{snake}"),
        _ => snake,
    }
}

#[cfg(test)]
mod tests;
