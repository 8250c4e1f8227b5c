//! Reading a table.

use super::*;

#[test]
fn a_table_is_read_with_its_nesting() {
    let messages = parse(
        "request XRequest versions 0-4 key 3 flexible 2+ unstable listeners broker\n  \
         A string 1+ null 2+ tag 7 ignorable default null\n  \
         B []Part 0-3\n    \
         C int32 0+ key entity brokerId default -1\n  \
         E Shared 0+\n\
         struct Shared 1+\n  \
         D int8 1+\n",
    )
    .expect("a table");
    let [message] = messages.as_slice() else { panic!("one message") };
    assert_eq!(
        (message.kind, message.key, message.flexible_from, message.unstable),
        (Kind::Request, Some(3), Some(2), true)
    );
    let names: Vec<&str> = message.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "E"]);
    assert_eq!(message.fields[0].tag, Some(7));
    assert_eq!((message.fields[1].array, &message.fields[1].base), (true, &Base::Struct("Part".into())));
    assert_eq!(message.fields[1].fields[0].default.as_deref(), Some("-1"));
    assert_eq!(message.structs[0].fields[0].name, "D");
}

#[test]
fn what_is_not_understood_is_refused() {
    for wrong in
        ["reply X versions 0", "data X", "data X versions x", "data X versions 0\n  A int32 0 sometimes", "struct X 0+"]
    {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
